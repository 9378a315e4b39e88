//! Chromium, driven through chromedriver: only what the page's test needs.

use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use base64::Engine;
use serde_json::{Value, json};

use super::eventually_some;

/// One browser window; both processes end when it is dropped.
pub struct Browser {
    driver: Child,
    http: reqwest::Client,
    session: String,
}

impl Browser {
    /// Needs `chromedriver` and `chromium` in the path.
    pub async fn start() -> Self {
        let (driver, port) = start_driver();
        let http = reqwest::Client::builder()
            .no_proxy()
            .build()
            .expect("an http client");
        let arguments = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--disable-dev-shm-usage",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
            "--no-proxy-server",
            // A microphone that beeps and is granted.
            "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream",
        ];
        let wanted = json!({"capabilities": {"alwaysMatch": {
            "browserName": "chrome",
            "goog:chromeOptions": {"args": arguments},
            "goog:loggingPrefs": {"browser": "ALL"},
            "timeouts": {"script": super::PATIENCE.as_millis() as u64},
        }}});
        let mut browser = Self {
            driver,
            http,
            session: format!("http://127.0.0.1:{port}/session"),
        };
        let session = browser.post("", wanted).await;
        let id = session["sessionId"].as_str().expect("a session").to_owned();
        browser.session = format!("{}/{id}", browser.session);
        browser
    }

    async fn post(&self, path: &str, body: Value) -> Value {
        let url = format!("{}{path}", self.session);
        let answer = self.http.post(&url).json(&body).send().await;
        let answer: Value = answer.expect("answered").json().await.expect("JSON");
        let value = answer["value"].clone();
        assert!(value.get("error").is_none(), "{path} {body}: {value}");
        value
    }

    /// The size of the page itself, in CSS pixels, and how many device pixels one of them has.
    pub async fn resize(&self, width: u32, height: u32, density: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": density, "mobile": false});
        let command = json!({"cmd": "Emulation.setDeviceMetricsOverride", "params": metrics});
        self.post("/goog/cdp/execute", command).await;
    }

    pub async fn open(&self, url: &str) {
        self.post("/url", json!({"url": url})).await;
    }

    /// What a function body returns, run on the page with these arguments.
    pub async fn run(&self, script: &str, arguments: Value) -> Value {
        self.post(
            "/execute/sync",
            json!({"script": script, "args": arguments}),
        )
        .await
    }

    /// Clicks the first visible element for which a CSS selector holds and whose text contains
    /// `text`, as soon as there is one that can be clicked.
    pub async fn click(&self, selector: &str, text: &str) {
        let script = "
            const [selector, text] = arguments;
            const found = [...document.querySelectorAll(selector)].find((el) =>
                el.offsetParent !== null && !el.disabled && !el.closest('[inert]')
                && (el.textContent + (el.ariaLabel ?? '')).includes(text));
            found?.click();
            return Boolean(found);";
        eventually_some(&format!("{selector} with {text:?} to click"), || async {
            let clicked = self.run(script, json!([selector, text])).await;
            (clicked == true).then_some(())
        })
        .await;
    }

    /// Fills a field as typing would, then sends Enter to it.
    pub async fn enter(&self, selector: &str, text: &str) {
        let script = "
            const [selector, text] = arguments;
            const field = [...document.querySelectorAll(selector)].find((el) =>
                el.offsetParent !== null && !el.closest('[inert]'));
            if (!field) return false;
            field.focus();
            field.value = text;
            field.dispatchEvent(new InputEvent('input', {bubbles: true}));
            field.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', bubbles: true, cancelable: true}));
            return true;";
        eventually_some(&format!("{selector} to write into"), || async {
            let entered = self.run(script, json!([selector, text])).await;
            (entered == true).then_some(())
        })
        .await;
    }

    /// The texts of all visible elements for which a selector holds.
    pub async fn texts(&self, selector: &str) -> Vec<String> {
        let script = "return [...document.querySelectorAll(arguments[0])]
            .filter((el) => el.offsetParent !== null && !el.closest('[inert]'))
            .map((el) => el.innerText.trim());";
        let texts = self.run(script, json!([selector])).await;
        serde_json::from_value(texts).expect("texts")
    }

    /// Waits until the texts are as wanted.
    pub async fn until(&self, what: &str, selector: &str, wanted: impl Fn(&[String]) -> bool) {
        let mut last = Vec::new();
        let deadline = std::time::Instant::now() + super::PATIENCE;
        while std::time::Instant::now() < deadline {
            last = self.texts(selector).await;
            if wanted(&last) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        self.screenshot("failed").await;
        panic!(
            "{what}: {selector}: {last:?}; {:#?}",
            self.complaints().await
        );
    }

    /// Saves what is to be seen as `target/screenshots/<name>.png`.
    pub async fn screenshot(&self, name: &str) -> PathBuf {
        let url = format!("{}/screenshot", self.session);
        let answer = self.http.get(&url).send().await.expect("answered");
        let answer: Value = answer.json().await.expect("JSON");
        let image = answer["value"].as_str().expect("an image");
        let bytes = base64::engine::general_purpose::STANDARD
            .decode(image)
            .expect("base64");
        let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/screenshots");
        std::fs::create_dir_all(&folder).expect("a folder");
        let file = folder.join(format!("{name}.png"));
        std::fs::write(&file, bytes).expect("written");
        file
    }

    /// What the page complained of in its console since the last call.
    pub async fn complaints(&self) -> Vec<String> {
        let log = self.post("/se/log", json!({"type": "browser"})).await;
        let entries = log.as_array().cloned().unwrap_or_default();
        entries
            .iter()
            .filter(|entry| entry["level"] == "SEVERE")
            .map(|entry| entry["message"].to_string())
            .collect()
    }

    /// Ends the browser, then its driver.
    pub async fn close(self) {
        let ended = self.http.delete(&self.session).send().await;
        assert!(ended.is_ok_and(|answer| answer.status() == 200));
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // SIGTERM lets chromedriver end its browser; it may have ended already.
        let _ = Command::new("sh")
            .args(["-c", "kill -TERM \"$0\"", &self.driver.id().to_string()])
            .stderr(Stdio::null())
            .status();
        let _ = self.driver.wait();
    }
}

/// chromedriver, and the port it took.
fn start_driver() -> (Child, u16) {
    // It takes a free port for IPv6 first and ends where something else has it for IPv4.
    const ATTEMPTS: usize = 5;
    let started = (0..ATTEMPTS).find_map(|_| {
        let mut driver = Command::new("chromedriver")
            .arg("--port=0")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("this test needs chromium and chromedriver");
        let port = port_of(&mut driver);
        if port.is_none() {
            driver.wait().expect("chromedriver ended");
        }
        port.map(|port| (driver, port))
    });
    started.expect("chromedriver starts")
}

/// What chromedriver says of its port, or nothing when it ended without one.
fn port_of(driver: &mut Child) -> Option<u16> {
    let stdout = driver.stdout.take().expect("piped");
    let mut lines = BufReader::new(stdout).lines().map_while(Result::ok);
    let port = lines.find_map(|line| {
        let (_, port) = line.split_once("started successfully on port ")?;
        port.trim_end_matches('.').parse().ok()
    });
    // Read on, or it would stop at a full pipe.
    std::thread::spawn(move || lines.for_each(drop));
    port
}
