//! What a server does when its folder is taken, its disk is full, or its power is cut.

#![expect(clippy::unwrap_used, reason = "a test says where it broke by its line")]

use std::io::{BufRead as _, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client;
use reqwest::StatusCode;
use serde_json::{Value, json};

struct Server {
    child: Child,
    url: String,
}

impl Server {
    fn start(home: &Path) -> Self {
        let child = up(home).spawn().expect("the server starts");
        let mut server = Self {
            child,
            url: String::new(),
        };
        let begun = Instant::now();
        while begun.elapsed() < Duration::from_mins(1) {
            let said = std::fs::read(home.join("server.json")).unwrap_or_default();
            if let Ok(said) = serde_json::from_slice::<Value>(&said)
                && said["pid"] == server.child.id()
            {
                said["address"]
                    .as_str()
                    .expect("an address")
                    .clone_into(&mut server.url);
                return server;
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        let mut told = String::new();
        let _ = server.child.kill();
        let _ = server
            .child
            .stderr
            .take()
            .map(|mut pipe| pipe.read_to_string(&mut told));
        panic!("the server did not start:\n{told}");
    }

    /// As a power cut would, but for what the system still has in memory.
    fn kill(mut self) {
        self.child.kill().expect("kill -9");
        self.child.wait().expect("the server is gone");
    }

    async fn post(&self, path: &str, body: Value) -> (StatusCode, Value) {
        let answer = Client::new()
            .post(format!("{}{path}", self.url))
            .json(&body)
            .send()
            .await
            .expect("an answer");
        (answer.status(), answer.json().await.unwrap_or(Value::Null))
    }

    async fn get(&self, path: &str) -> (StatusCode, Value) {
        let answer = Client::new()
            .get(format!("{}{path}", self.url))
            .send()
            .await
            .expect("an answer");
        (answer.status(), answer.json().await.unwrap_or(Value::Null))
    }

    async fn run(&self) -> String {
        let (_, made) = self
            .post(
                "/api/2.0/mlflow/runs/create",
                json!({ "experiment_id": "0", "start_time": 1 }),
            )
            .await;
        made["run"]["info"]["run_id"]
            .as_str()
            .expect("a run id")
            .to_owned()
    }

    async fn log(&self, run: &str, step: u32) -> StatusCode {
        self.log_or_why(run, step).await.0
    }

    async fn log_or_why(&self, run: &str, step: u32) -> (StatusCode, Value) {
        let point = json!({ "run_id": run, "key": "loss", "value": f64::from(step), "timestamp": 1, "step": step });
        self.post("/api/2.0/mlflow/runs/log-metric", point).await
    }

    async fn points(&self, run: &str) -> usize {
        let (_, history) = self
            .get(&format!(
                "/api/2.0/mlflow/metrics/get-history?run_id={run}&metric_key=loss&max_results=25000"
            ))
            .await;
        history["metrics"].as_array().map_or(0, Vec::len)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn up(home: &Path) -> Command {
    up_on(home, "127.0.0.1:0")
}

fn up_on(home: &Path, listen: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ironloop"));
    command
        .args(["up", "--listen", listen, "--home"])
        .arg(home)
        .env_remove("IRONLOOP_URL")
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::piped());
    command
}

#[tokio::test(flavor = "multi_thread")]
async fn the_second_server_on_a_folder_is_refused_and_names_the_first() {
    let home = tempfile::tempdir().unwrap();
    let first = Server::start(home.path());
    let second = up(home.path()).output().unwrap();
    let told = String::from_utf8_lossy(&second.stderr).into_owned();
    assert!(!second.status.success());
    assert!(
        told.contains(&format!("process {}", first.child.id())),
        "{told}"
    );
    assert!(told.contains("hint:"), "{told}");
    assert_eq!(
        first.get("/api/3.0/mlflow/server-info").await.0,
        StatusCode::OK
    );
}

#[test]
fn an_address_that_others_reach_is_refused() {
    let home = tempfile::tempdir().unwrap();
    let refused = up_on(home.path(), "0.0.0.0:0").output().unwrap();
    assert!(!refused.status.success());
    let mut lines = BufReader::new(refused.stderr.as_slice()).lines();
    assert!(lines.any(|line| line.unwrap().contains("0.0.0.0:0")));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_acknowledged_is_there_after_kill_9() {
    let home = tempfile::tempdir().unwrap();
    let server = Server::start(home.path());
    let run = server.run().await;
    let mut acknowledged = 0;
    for step in 0..200 {
        if server.log(&run, step).await == StatusCode::OK {
            acknowledged += 1;
        }
    }
    let artifact = format!("/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/note.txt");
    let put = Client::new()
        .put(format!("{}{artifact}", server.url))
        .body("kept")
        .send()
        .await
        .unwrap();
    assert!(put.status().is_success());
    server.kill();

    let server = Server::start(home.path());
    assert_eq!(server.points(&run).await, acknowledged);
    let back = Client::new()
        .get(format!("{}{artifact}", server.url))
        .send()
        .await
        .unwrap();
    assert_eq!(back.text().await.unwrap(), "kept");
}

/// A small file system of its own; unmounted at the end.
struct SmallDisk(PathBuf);

impl SmallDisk {
    fn mount(size: &str) -> Self {
        let folder = tempfile::tempdir().unwrap().keep();
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"])
            .arg(&folder)
            .status()
            .unwrap();
        assert!(
            mounted.success(),
            "this test mounts a tmpfs and so must run as root"
        );
        Self(folder)
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
        let _ = std::fs::remove_dir(&self.0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_disk_refuses_writes_keeps_what_was_there_and_heals_without_a_restart() {
    let disk = SmallDisk::mount("24m");
    let server = Server::start(&disk.0.join("home"));
    let run = server.run().await;
    assert_eq!(server.log(&run, 0).await, StatusCode::OK);

    let filler = disk.0.join("filler");
    let _ = std::fs::write(&filler, vec![0_u8; 64 * 1024 * 1024]);
    let artifact = format!(
        "{}/api/2.0/mlflow-artifacts/artifacts/0/{run}/artifacts/big.bin",
        server.url
    );
    let put = Client::new()
        .put(&artifact)
        .body(vec![1_u8; 4 * 1024 * 1024])
        .send()
        .await
        .unwrap();
    assert_eq!(put.status(), StatusCode::INSUFFICIENT_STORAGE);
    let mut refused = false;
    for step in 1..2000 {
        let (status, why) = server.log_or_why(&run, step).await;
        if status != StatusCode::OK {
            assert_eq!(status, StatusCode::INSUFFICIENT_STORAGE, "{why}");
            refused = true;
            break;
        }
    }
    assert!(refused, "the disk never filled up");
    assert!(server.points(&run).await >= 1, "reads go on");
    assert_eq!(
        Client::new().get(&artifact).send().await.unwrap().status(),
        StatusCode::NOT_FOUND
    );

    std::fs::remove_file(&filler).unwrap();
    let before = server.points(&run).await;
    let (status, why) = server.log_or_why(&run, 5000).await;
    assert_eq!(status, StatusCode::OK, "{why}");
    assert_eq!(server.points(&run).await, before + 1);
    let put = Client::new()
        .put(&artifact)
        .body(vec![1_u8; 1024])
        .send()
        .await
        .unwrap();
    assert!(put.status().is_success());
}
