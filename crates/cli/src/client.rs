//! The client of `/api/v1`, and the search for a server to talk to.

use std::path::Path;
use std::time::Duration;

use base::{Error, Kind, Result};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::Value;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::output::Output;
use crate::progress::Progress;
use crate::settings::Settings;

/// What stays as it is in one segment of an address.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'@');

/// A connection to a server, which may run inside this process.
#[derive(Debug)]
pub struct Client {
    http: reqwest::Client,
    base: String,
    user: Option<String>,
    inside: Option<Inside>,
}

/// A server inside this process, for the duration of a command.
#[derive(Debug)]
struct Inside {
    stop: CancellationToken,
    task: JoinHandle<Result<()>>,
}

/// An address below `/api/v1`, with each segment encoded.
pub fn path(segments: &[&str]) -> String {
    segments.iter().fold(String::new(), |mut path, segment| {
        path.push('/');
        path.extend(utf8_percent_encode(segment, PLAIN));
        path
    })
}

impl Client {
    /// The server that the settings name, or that owns the home now, or one inside this process.
    pub async fn connect(settings: &Settings) -> Result<Self> {
        if let Some(url) = &settings.server {
            return Self::at(url, settings.user.clone());
        }
        if let Some(server) = server::running_server(&settings.home) {
            return Self::at(&server.address, settings.user.clone());
        }
        let mut config = settings.server_config()?;
        config.listen.set_port(0);
        let app = server::App::open(config).await?;
        let mut client = Self::at(&app.address, settings.user.clone())?;
        let stop = CancellationToken::new();
        let task = tokio::spawn(server::serve(app, stop.clone().cancelled_owned()));
        client.inside = Some(Inside { stop, task });
        Ok(client)
    }

    /// A client of the server at `url`.
    pub fn at(url: &str, user: Option<String>) -> Result<Self> {
        let http = reqwest::Client::builder()
            .connect_timeout(Duration::from_secs(5))
            .build()
            .map_err(|error| Error::internal(format!("no HTTP client can be made: {error}")))?;
        Ok(Self {
            http,
            base: url.trim_end_matches('/').to_owned(),
            user,
            inside: None,
        })
    }

    /// The server's address.
    pub fn address(&self) -> &str {
        &self.base
    }

    /// `GET /api/v1{path}`
    pub async fn get(&self, path: &str) -> Result<Value> {
        self.json(self.request(Method::GET, &format!("/api/v1{path}")))
            .await
    }

    /// `POST /api/v1{path}` with a JSON body.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        self.json(
            self.request(Method::POST, &format!("/api/v1{path}"))
                .json(body),
        )
        .await
    }

    /// A request to an address outside `/api/v1`.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.http.request(method, format!("{}{path}", self.base));
        match &self.user {
            Some(user) => request.header("x-ironloop-user", user),
            None => request,
        }
    }

    /// Sends `request`; an answer that says no becomes the error that it describes.
    async fn answered(&self, request: RequestBuilder) -> Result<reqwest::Response> {
        let response = request
            .send()
            .await
            .map_err(|error| self.unreachable(&error))?;
        if !response.status().is_success() {
            return Err(refusal(response).await);
        }
        Ok(response)
    }

    /// All pages of a search of MLflow's API, its items named `list`.
    pub async fn pages(&self, path: &str, mut body: Value, list: &str) -> Result<Vec<Value>> {
        let address = format!("/api/2.0/mlflow/{path}");
        let mut all = Vec::new();
        loop {
            let request = self.request(Method::POST, &address);
            let mut page = self.json(request.json(&body)).await?;
            if let Value::Array(items) = page[list].take() {
                all.extend(items);
            }
            match page["next_page_token"].as_str() {
                Some(token) if !token.is_empty() => body["page_token"] = token.into(),
                _ => return Ok(all),
            }
        }
    }

    /// Sends `request` and reads a JSON answer; an answer that says no becomes the error that it describes.
    pub async fn json(&self, request: RequestBuilder) -> Result<Value> {
        let response = self.answered(request).await?;
        let text = response
            .text()
            .await
            .map_err(|error| self.unreachable(&error))?;
        if text.is_empty() {
            return Ok(Value::Null);
        }
        serde_json::from_str(&text).map_err(|error| {
            Error::unavailable(format!(
                "{} does not answer as an Ironloop server does: {error}",
                self.base
            ))
        })
    }

    /// Sends `request` and hands its answer on as a stream.
    pub async fn stream(&self, request: RequestBuilder) -> Result<reqwest::Body> {
        let response = self.answered(request).await?;
        Ok(reqwest::Body::wrap_stream(response.bytes_stream()))
    }

    /// Sends `request` and writes its answer to `file`, whose folders are made.
    pub async fn download(&self, request: RequestBuilder, file: &Path) -> Result<()> {
        use tokio::io::AsyncWriteExt as _;
        let mut response = self.answered(request).await?;
        if let Some(folder) = file.parent() {
            tokio::fs::create_dir_all(folder).await?;
        }
        let mut out = tokio::fs::File::create(file).await?;
        while let Some(part) = response
            .chunk()
            .await
            .map_err(|error| self.unreachable(&error))?
        {
            out.write_all(&part).await?;
        }
        out.flush().await?;
        Ok(())
    }

    /// Posts work that runs in the background and waits for its end; the answer is its result.
    pub async fn work(&self, path: &str, body: &Value, output: &Output) -> Result<Value> {
        let accepted = self.post(path, body).await?;
        match accepted["job"].as_str() {
            Some(id) => self.wait(id, output).await,
            // Some work is done at once.
            None => Ok(accepted),
        }
    }

    /// Waits for the end of a job, showing how far it is; the answer is its result.
    pub async fn wait(&self, id: &str, output: &Output) -> Result<Value> {
        let address = path(&["jobs", id]);
        let mut progress = Progress::new(output);
        let mut pause = Duration::from_millis(20);
        loop {
            let mut job = self.get(&address).await?;
            progress.update(&job["progress"]);
            match job["state"].as_str() {
                Some("done") => {
                    progress.finish();
                    return Ok(job["result"].take());
                }
                Some("failed") => {
                    progress.finish();
                    return Err(JobFailed::error(
                        job["error"]
                            .as_str()
                            .unwrap_or("it failed without saying why"),
                    ));
                }
                _ => tokio::time::sleep(pause).await,
            }
            pause = (pause * 2).min(Duration::from_millis(400));
        }
    }

    /// Ends the server inside this process, if there is one, after what it has acknowledged is on disk.
    pub async fn close(self) -> Result<()> {
        let Some(inside) = self.inside else {
            return Ok(());
        };
        inside.stop.cancel();
        inside
            .task
            .await
            .unwrap_or_else(|error| Err(Error::internal(format!("the server broke: {error}"))))
    }

    fn unreachable(&self, error: &reqwest::Error) -> Error {
        let mut cause: &dyn std::error::Error = error;
        while let Some(deeper) = cause.source() {
            cause = deeper;
        }
        Error::unavailable(format!("no server answers at {}: {cause}", self.base))
            .hint("start one with `ironloop up`, or point --server (IRONLOOP_URL) at one")
    }
}

/// Marks the failure of a job, which is an answer (exit code 1) and not a broken call.
#[derive(Debug)]
pub struct JobFailed;

impl JobFailed {
    fn error(message: &str) -> Error {
        Error::conflict(message.to_owned()).because(Self)
    }

    /// Whether `error` says that a job failed.
    pub fn is(error: &Error) -> bool {
        std::error::Error::source(error).is_some_and(<dyn std::error::Error>::is::<Self>)
    }
}

impl std::fmt::Display for JobFailed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the job failed")
    }
}

impl std::error::Error for JobFailed {}

/// The error that a refusal describes: our problem document, MLflow's or the inference protocol's.
async fn refusal(response: Response) -> Error {
    let status = response.status().as_u16();
    let text = response.text().await.unwrap_or_default();
    let document: Value = serde_json::from_str(&text).unwrap_or_default();
    let kind = match document["type"]
        .as_str()
        .and_then(|kind| kind.rsplit(':').next())
    {
        Some("already-exists") => Kind::AlreadyExists,
        _ => kind_of(status),
    };
    let message = ["detail", "message", "error"]
        .iter()
        .find_map(|key| document[*key].as_str())
        .map_or_else(|| format!("the server answered {status}"), str::to_owned);
    let error = Error::new(kind, message);
    match document["hint"].as_str() {
        Some(hint) => error.hint(hint.to_owned()),
        None => error,
    }
}

fn kind_of(status: u16) -> Kind {
    match status {
        400 | 415 | 422 => Kind::Invalid,
        401 => Kind::Unauthenticated,
        403 => Kind::Forbidden,
        404 => Kind::NotFound,
        409 => Kind::Conflict,
        413 => Kind::TooLarge,
        501 => Kind::NotImplemented,
        429 | 502..=504 => Kind::Unavailable,
        507 => Kind::StorageFull,
        _ => Kind::Internal,
    }
}

/// The text of a file, with its name in the error.
pub fn read_text(file: &Path) -> Result<String> {
    std::fs::read_to_string(file).map_err(|error| Error::from(error).at(file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn segments_of_an_address_cannot_break_out() {
        assert_eq!(path(&["projects", "bikes"]), "/projects/bikes");
        assert_eq!(path(&["models", "a/b?c#d e"]), "/models/a%2Fb%3Fc%23d%20e");
    }
}
