/**
 * The files that a run left, folder by folder.
 */
import { useState } from 'react';
import { artifactAddress, type ArtifactFile } from '../api/mlflow';
import { useMlflow } from '../api/queries';
import { bytes } from '../format/number';
import { Answer, Empty } from './answer';

export function Artifacts({ run, artifactUri }: { run: string; artifactUri: string | undefined }) {
  return <Folder run={run} artifactUri={artifactUri} path="" />;
}

interface FolderProps {
  run: string;
  artifactUri: string | undefined;
  path: string;
}

function Folder({ run, artifactUri, path }: FolderProps) {
  const answer = useMlflow<{ files?: ArtifactFile[] }>('/artifacts/list', { run_id: run, path });
  return (
    <Answer of={answer}>
      {({ files = [] }) =>
        files.length === 0 && path === '' ? (
          <Empty command={'mlflow.log_artifact("report.html")'}>This run left no file.</Empty>
        ) : (
          <ul className="files">
            {files.map((file) => (
              <li key={file.path}>
                {file.is_dir ? (
                  <Subfolder run={run} artifactUri={artifactUri} path={file.path} />
                ) : (
                  <File file={file} address={artifactAddress(artifactUri, file.path)} />
                )}
              </li>
            ))}
          </ul>
        )
      }
    </Answer>
  );
}

function Subfolder(props: FolderProps) {
  const [open, setOpen] = useState(false);
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{props.path.split('/').at(-1)}/</summary>
      {open && <Folder {...props} />}
    </details>
  );
}

function File({ file, address }: { file: ArtifactFile; address: string | null }) {
  const name = file.path.split('/').at(-1);
  return (
    <span className="file">
      {address ? (
        <a href={address} download={name}>
          {name}
        </a>
      ) : (
        name
      )}
      <span className="num dim">{bytes(Number(file.file_size ?? 0))}</span>
    </span>
  );
}
