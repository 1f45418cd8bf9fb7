//! Blobs: artifacts, models and files, in a folder or in an S3 bucket.
//!
//! Paths are relative, use `/`, and may not leave the root; what arrives is streamed and becomes visible only when
//! it is whole.

use std::fmt;
use std::ops::Range;
use std::path::PathBuf;
use std::sync::Arc;

use base::{Error, Kind, Result};
use bytes::{Bytes, BytesMut};
use futures::stream::BoxStream;
use futures::{StreamExt as _, TryStreamExt as _};
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::prefix::PrefixStore;
use object_store::{GetOptions, GetRange, ObjectStore, ObjectStoreExt as _, WriteMultipart};

/// Bytes that arrive or leave piece by piece.
pub type ByteStream = BoxStream<'static, Result<Bytes>>;

/// Pieces of an upload; S3 wants at least 5 MiB in each but the last.
const PART: usize = 8 * 1024 * 1024;

/// What is known of a blob without reading it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlobMeta {
    /// Relative to where the list began.
    pub path: String,
    /// Bytes; 0 for a folder.
    pub size: u64,
    /// A folder has no bytes of its own.
    pub is_folder: bool,
}

/// A place for blobs. Cloning is cheap.
#[derive(Clone)]
pub struct Blobs {
    store: Arc<dyn ObjectStore>,
    root: String,
    /// Where the root is a folder: what was written there is flushed to the disk before we answer.
    folder: Option<PathBuf>,
}

impl fmt::Debug for Blobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Blobs").field(&self.root).finish()
    }
}

impl Blobs {
    /// Opens `root`: a path, `file:///…` or `s3://bucket/prefix`. S3's endpoint and credentials come from the usual
    /// `AWS_…` variables (`MLFLOW_S3_ENDPOINT_URL` is understood too).
    pub fn open(root: &str) -> Result<Self> {
        let mut local = None;
        let store: Arc<dyn ObjectStore> = if let Some(rest) = root.strip_prefix("s3://") {
            let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
            let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket);
            if let Some(endpoint) = std::env::var("MLFLOW_S3_ENDPOINT_URL")
                .ok()
                .filter(|text| !text.is_empty())
            {
                builder = builder
                    .with_endpoint(endpoint.trim_end_matches('/'))
                    .with_allow_http(true);
            }
            let s3 = builder
                .build()
                .map_err(|error| blob_error(error).at(root))?;
            Arc::new(PrefixStore::new(s3, prefix.trim_matches('/')))
        } else if root.contains("://") && !root.starts_with("file://") {
            return Err(Error::invalid(format!("{root:?} is not a place for blobs"))
                .hint("use a folder, file:///… or s3://bucket/prefix"));
        } else {
            let folder = root.strip_prefix("file://").unwrap_or(root);
            std::fs::create_dir_all(folder).map_err(|error| Error::from(error).at(folder))?;
            local = Some(PathBuf::from(folder));
            Arc::new(
                LocalFileSystem::new_with_prefix(folder)
                    .map_err(|error| blob_error(error).at(folder))?,
            )
        };
        Ok(Self {
            store,
            root: root.to_owned(),
            folder: local,
        })
    }

    /// The root as it was given.
    pub fn root(&self) -> &str {
        &self.root
    }

    /// Stores what `stream` brings at `path`, replacing what was there. Nothing is visible until all of it arrived.
    /// The answer is the number of bytes.
    pub async fn put(&self, path: &str, mut stream: ByteStream) -> Result<u64> {
        let at = blob_path(path)?;
        let mut first = BytesMut::new();
        while first.len() < PART {
            if let Some(piece) = stream.try_next().await? {
                first.extend_from_slice(&piece);
            } else {
                let size = first.len() as u64;
                self.store
                    .put(&at, first.freeze().into())
                    .await
                    .map_err(|error| blob_error(error).at(path))?;
                self.flush(path).await?;
                return Ok(size);
            }
        }
        let upload = self
            .store
            .put_multipart(&at)
            .await
            .map_err(|error| blob_error(error).at(path))?;
        let mut writer = WriteMultipart::new_with_chunk_size(upload, PART);
        let mut size = first.len() as u64;
        writer.write(&first);
        drop(first);
        loop {
            let piece = match stream.try_next().await {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) => {
                    let _ = writer.abort().await;
                    return Err(error);
                }
            };
            size += piece.len() as u64;
            if let Err(error) = writer.wait_for_capacity(4).await {
                let _ = writer.abort().await;
                return Err(blob_error(error).at(path));
            }
            writer.write(&piece);
        }
        writer
            .finish()
            .await
            .map_err(|error| blob_error(error).at(path))?;
        self.flush(path).await?;
        Ok(size)
    }

    /// Makes a file and its name in its folder survive a power cut.
    async fn flush(&self, path: &str) -> Result<()> {
        let Some(folder) = &self.folder else {
            return Ok(());
        };
        let file = folder.join(path);
        tokio::task::spawn_blocking(move || {
            std::fs::File::open(&file)?.sync_all()?;
            file.parent()
                .map_or(Ok(()), |parent| std::fs::File::open(parent)?.sync_all())
        })
        .await
        .map_err(|error| Error::internal("flushing an artifact was interrupted").because(error))?
        .map_err(|error| Error::from(error).at(path))
    }

    /// Stores `bytes` at `path`, replacing what was there.
    pub async fn put_bytes(&self, path: &str, bytes: impl Into<Bytes>) -> Result<()> {
        let at = blob_path(path)?;
        self.store
            .put(&at, bytes.into().into())
            .await
            .map_err(|error| blob_error(error).at(path))?;
        self.flush(path).await
    }

    /// What is known of the blob at `path`.
    pub async fn head(&self, path: &str) -> Result<BlobMeta> {
        let meta = self
            .store
            .head(&blob_path(path)?)
            .await
            .map_err(|error| blob_error(error).at(path))?;
        Ok(BlobMeta {
            path: path.to_owned(),
            size: meta.size,
            is_folder: false,
        })
    }

    /// The blob at `path` as a stream, whole or a range of bytes of it, and its whole size.
    pub async fn get(&self, path: &str, range: Option<Range<u64>>) -> Result<(u64, ByteStream)> {
        let options = GetOptions {
            range: range.map(GetRange::Bounded),
            ..GetOptions::default()
        };
        let found = self
            .store
            .get_opts(&blob_path(path)?, options)
            .await
            .map_err(|error| blob_error(error).at(path))?;
        let size = found.meta.size;
        Ok((size, found.into_stream().map_err(blob_error).boxed()))
    }

    /// The blob at `path`, whole, in memory.
    pub async fn get_bytes(&self, path: &str) -> Result<Bytes> {
        let found = self
            .store
            .get(&blob_path(path)?)
            .await
            .map_err(|error| blob_error(error).at(path))?;
        found
            .bytes()
            .await
            .map_err(|error| blob_error(error).at(path))
    }

    /// Files and folders directly below `folder` (the root where it is empty), by path.
    pub async fn list(&self, folder: &str) -> Result<Vec<BlobMeta>> {
        let at = if folder.is_empty() {
            None
        } else {
            Some(blob_path(folder)?)
        };
        let found = self
            .store
            .list_with_delimiter(at.as_ref())
            .await
            .map_err(|error| blob_error(error).at(folder))?;
        let folders = found.common_prefixes.into_iter().map(|path| BlobMeta {
            path: path.to_string(),
            size: 0,
            is_folder: true,
        });
        let files = found.objects.into_iter().map(|meta| BlobMeta {
            path: meta.location.to_string(),
            size: meta.size,
            is_folder: false,
        });
        let mut all: Vec<BlobMeta> = folders.chain(files).collect();
        all.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(all)
    }

    /// All files below `folder`, at any depth, by path.
    pub async fn list_all(&self, folder: &str) -> Result<Vec<BlobMeta>> {
        let at = if folder.is_empty() {
            None
        } else {
            Some(blob_path(folder)?)
        };
        let mut all: Vec<BlobMeta> = self
            .store
            .list(at.as_ref())
            .map_ok(|meta| BlobMeta {
                path: meta.location.to_string(),
                size: meta.size,
                is_folder: false,
            })
            .try_collect()
            .await
            .map_err(|error| blob_error(error).at(folder))?;
        all.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(all)
    }

    /// Removes the blob at `path` and everything below it. Removing what is not there is not an error.
    pub async fn delete(&self, path: &str) -> Result<()> {
        let at = blob_path(path)?;
        for meta in self.list_all(path).await? {
            self.delete_one(&Path::parse(&meta.path).map_err(|error| blob_error(error.into()))?)
                .await?;
        }
        self.delete_one(&at).await
    }

    async fn delete_one(&self, at: &Path) -> Result<()> {
        match self.store.delete(at).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => {
                let error = blob_error(error);
                // A folder that is left after its files went is no blob.
                if error.message().contains("directory") {
                    Ok(())
                } else {
                    Err(error)
                }
            }
        }
    }
}

/// A path that cannot leave the root: no empty, `.` or `..` segment, no backslash, no control character.
fn blob_path(path: &str) -> Result<Path> {
    let bad = |why: &str| {
        Err(Error::invalid(format!(
            "{:?} is not a path for a blob: {why}",
            path.chars().take(200).collect::<String>()
        )))
    };
    if path.len() > 4096 {
        return bad("it is too long");
    }
    for segment in path.split('/') {
        match segment {
            "" => return bad("it has an empty segment"),
            "." | ".." => return bad("it has a segment of dots"),
            text if text.contains('\\') || text.chars().any(char::is_control) => {
                return bad("it has a backslash or control character");
            }
            _ => {}
        }
    }
    Path::parse(path).map_err(|error| Error::invalid(error.to_string()))
}

fn blob_error(error: object_store::Error) -> Error {
    let kind = match &error {
        object_store::Error::NotFound { .. } => Kind::NotFound,
        object_store::Error::AlreadyExists { .. } => Kind::AlreadyExists,
        object_store::Error::Precondition { .. } => Kind::Conflict,
        object_store::Error::InvalidPath { .. } => Kind::Invalid,
        object_store::Error::PermissionDenied { .. }
        | object_store::Error::Unauthenticated { .. } => Kind::Internal,
        _ if full_disk(&error) => Kind::StorageFull,
        _ => Kind::Unavailable,
    };
    let message = match kind {
        Kind::NotFound => "no such file".to_owned(),
        Kind::StorageFull => "no room is left where artifacts are stored".to_owned(),
        _ => format!("the artifact store failed: {error}"),
    };
    Error::new(kind, message).because(error)
}

fn full_disk(error: &object_store::Error) -> bool {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = cause {
        if let Some(io) = inner.downcast_ref::<std::io::Error>() {
            return matches!(
                io.kind(),
                std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
            );
        }
        cause = inner.source();
    }
    false
}
