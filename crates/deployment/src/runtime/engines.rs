//! Where ONNX Runtime's library is, if anywhere.

use std::path::{Path, PathBuf};

/// Which engines may be used beside our own.
#[derive(Clone, Debug, Default)]
pub struct Engines {
    /// The library of ONNX Runtime, recent enough for us.
    pub onnxruntime: Option<PathBuf>,
    /// Whether ONNX Runtime serves what our own evaluator could serve too. It is faster for large batches.
    pub prefer_onnxruntime: bool,
}

impl Engines {
    /// Looks for the library: `configured`, then `ORT_DYLIB_PATH`, then `lib/` beside the program. One that cannot be
    /// loaded, or is too old, is reported and passed over.
    pub fn find(configured: Option<&Path>) -> Self {
        let variable = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
        let named = configured
            .map(Path::to_path_buf)
            .or_else(|| variable("ORT_DYLIB_PATH").map(PathBuf::from));
        let onnxruntime = match named {
            Some(path) => usable(&path),
            None => beside_program().and_then(|path| usable(&path)),
        };
        Self {
            onnxruntime,
            prefer_onnxruntime: variable("IRONLOOP_ONNX_ENGINE")
                .is_some_and(|engine| engine == "onnxruntime"),
        }
    }
}

fn beside_program() -> Option<PathBuf> {
    let folder = std::env::current_exe().ok()?.parent()?.join("lib");
    let name = format!(
        "{}onnxruntime{}",
        std::env::consts::DLL_PREFIX,
        std::env::consts::DLL_SUFFIX
    );
    Some(folder.join(name)).filter(|path| path.exists())
}

/// The library's absolute path, if it can be loaded and is recent enough.
fn usable(path: &Path) -> Option<PathBuf> {
    let path = match path.canonicalize() {
        Ok(path) => path,
        Err(error) => {
            tracing::warn!("ONNX Runtime is not used: {}: {error}", path.display());
            return None;
        }
    };
    match ort::util::probe(&path) {
        Some(minor) if minor >= ort::MINOR_VERSION => Some(path),
        Some(minor) => {
            tracing::warn!(
                "ONNX Runtime is not used: {} is version 1.{minor}, 1.{} is needed",
                path.display(),
                ort::MINOR_VERSION
            );
            None
        }
        None => {
            tracing::warn!(
                "ONNX Runtime is not used: {} is no library of ONNX Runtime 1.x",
                path.display()
            );
            None
        }
    }
}
