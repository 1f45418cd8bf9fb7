//! The few calls that the demo makes, with the server's own words in an error.

use std::time::Duration;

use base::{Error, Kind, Result};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

/// An HTTP client of the demo's server.
#[derive(Debug)]
pub struct Api {
    http: reqwest::Client,
    address: String,
}

impl Api {
    /// A client of the server at `address`.
    pub fn new(address: &str) -> Result<Self> {
        let http = reqwest::Client::builder()
            .no_proxy()
            .pool_max_idle_per_host(16)
            .tcp_nodelay(true)
            .timeout(Duration::from_mins(10))
            .build()
            .map_err(|error| Error::internal(format!("no HTTP client: {error}")))?;
        Ok(Self {
            http,
            address: address.to_owned(),
        })
    }

    /// GET; an answer other than 2xx is an error.
    pub async fn get(&self, path: &str) -> Result<Value> {
        expect(path, self.send(Method::GET, path, None, None).await?)
    }

    /// POST; an answer other than 2xx is an error.
    pub async fn post(&self, path: &str, body: &Value) -> Result<Value> {
        expect(path, self.send(Method::POST, path, Some(body), None).await?)
    }

    /// POST in the name of `user`; an answer other than 2xx is an error.
    pub async fn post_as(&self, user: &str, path: &str, body: &Value) -> Result<Value> {
        expect(
            path,
            self.send(Method::POST, path, Some(body), Some(user))
                .await?,
        )
    }

    /// POST; the status and body whatever they are.
    pub async fn try_post(&self, path: &str, body: &Value) -> Result<(StatusCode, Value)> {
        self.send(Method::POST, path, Some(body), None).await
    }

    /// GET; the status and body whatever they are.
    pub async fn try_get(&self, path: &str) -> Result<(StatusCode, Value)> {
        self.send(Method::GET, path, None, None).await
    }

    /// POST of rows that nobody acts on: they are answered and not logged.
    pub async fn probe(&self, path: &str, body: &Value) -> Result<Value> {
        let request = self
            .http
            .post(format!("{}{path}", self.address))
            .header("x-ironloop-log", "off")
            .json(body);
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        expect(path, (status, answer.json().await.map_err(unreachable)?))
    }

    /// POST whose answer is only counted; whether it was a 200.
    pub async fn knock(&self, path: &str, body: &Value) -> bool {
        let request = self.http.post(format!("{}{path}", self.address)).json(body);
        match request.send().await {
            Ok(answer) => answer.status() == StatusCode::OK && answer.bytes().await.is_ok(),
            Err(_) => false,
        }
    }

    /// A file from the artifact store.
    pub async fn artifact(&self, path: &str) -> Result<Vec<u8>> {
        let url = format!("{}/api/2.0/mlflow-artifacts/artifacts/{path}", self.address);
        let answer = self
            .http
            .get(url)
            .send()
            .await
            .and_then(reqwest::Response::error_for_status)
            .map_err(unreachable)?;
        Ok(answer.bytes().await.map_err(unreachable)?.to_vec())
    }

    /// Waits for a job to end; the answer is its result, its failure an error.
    pub async fn wait(&self, job: &str, mut seen: impl FnMut(&Value)) -> Result<Value> {
        loop {
            let state = self.get(&format!("/api/v1/jobs/{job}")).await?;
            seen(&state["progress"]);
            match state["state"].as_str() {
                Some("done") => return Ok(state["result"].clone()),
                Some("failed") => {
                    let why = state["error"].as_str().unwrap_or("no reason was given");
                    return Err(Error::conflict(format!(
                        "{} failed: {why}",
                        state["kind"].as_str().unwrap_or(job)
                    )));
                }
                _ => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    }

    async fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<&Value>,
        user: Option<&str>,
    ) -> Result<(StatusCode, Value)> {
        let mut request = self.http.request(method, format!("{}{path}", self.address));
        if let Some(body) = body {
            request = request.json(body);
        }
        if let Some(user) = user {
            request = request.header("x-ironloop-user", user);
        }
        let answer = request.send().await.map_err(unreachable)?;
        let status = answer.status();
        let bytes = answer.bytes().await.map_err(unreachable)?;
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| json!(String::from_utf8_lossy(&bytes)));
        Ok((status, body))
    }
}

/// What an error answer says, in whichever of the three dialects.
pub fn said(body: &Value) -> &str {
    let spoken = ["detail", "message", "error", "title"]
        .iter()
        .find_map(|key| body[*key].as_str());
    spoken
        .or_else(|| body.as_str())
        .unwrap_or("no reason was given")
}

fn expect(path: &str, (status, body): (StatusCode, Value)) -> Result<Value> {
    if status.is_success() {
        return Ok(body);
    }
    let kind = match status {
        StatusCode::NOT_FOUND => Kind::NotFound,
        StatusCode::CONFLICT => Kind::Conflict,
        StatusCode::FORBIDDEN => Kind::Forbidden,
        StatusCode::BAD_REQUEST | StatusCode::UNPROCESSABLE_ENTITY => Kind::Invalid,
        _ => Kind::Internal,
    };
    let error = Error::new(
        kind,
        format!("{path} answered {}: {}", status.as_u16(), said(&body)),
    );
    Err(match body["hint"].as_str() {
        Some(hint) => error.hint(hint.to_owned()),
        None => error,
    })
}

fn unreachable(error: reqwest::Error) -> Error {
    Error::unavailable(format!("the demo's server does not answer: {error}")).because(error)
}
