//! Loading: from a stored version to a revision that may take traffic.

use base::{Error, Result};

use super::Serving;
use crate::counters::Counters;
use crate::package::Package;
use crate::revision::Revision;
use crate::runtime;
use crate::selftest;
use crate::traffic::{Live, Settings};

impl Serving {
    /// Loads a stored revision: its files must still have the digest that it names, and its self-test must pass.
    pub(super) async fn load(&self, revision: Revision) -> Result<Live> {
        let package = Package::read(&self.0.blobs, &revision.path).await?;
        if package.digest != revision.digest {
            return Err(Error::conflict(format!(
                "the files of {} version {} have changed: {} instead of {}",
                revision.model, revision.version, package.digest, revision.digest
            ))
            .hint("a version's files never change: restore them, or register a new version"));
        }
        let settings: Settings = serde_json::from_str(&revision.config)
            .map_err(|error| Error::from(error).at("the revision's settings"))?;
        self.prepare(package, revision, settings).await
    }

    /// Puts a package that was read into an engine and tests it.
    pub(super) async fn prepare(
        &self,
        package: Package,
        revision: Revision,
        settings: Settings,
    ) -> Result<Live> {
        let engines = self.0.engines.clone();
        let place = format!("{} version {}", revision.model, revision.version);
        let prepared = tokio::task::spawn_blocking(move || {
            let runtime = runtime::load(&package, &engines)?;
            let tested = selftest::run(runtime.as_ref(), &package)?;
            let mut signature = runtime.signature().clone();
            for (output, width) in signature.outputs.iter_mut().zip(&tested.widths) {
                output.width = *width;
            }
            let warm = Counters::default();
            tested
                .latencies
                .iter()
                .for_each(|latency| warm.observe(*latency));
            tracing::info!(
                engine = runtime.engine(),
                rows = tested.compared,
                "self-test of {} version {} passed",
                revision.model,
                revision.version
            );
            Ok(Live {
                model: revision.model.as_str().into(),
                revision,
                runtime,
                signature: signature.into(),
                settings,
                counters: Counters::default(),
                warm,
            })
        })
        .await
        .map_err(|error| Error::internal(format!("the model could not be loaded: {error}")))?;
        prepared.map_err(|error: Error| error.at(place))
    }
}
