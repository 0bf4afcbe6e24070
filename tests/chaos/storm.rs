//! The sequence of failures and key rotations of the authorization server.

use std::{
    thread,
    time::{Duration, Instant},
};

use crate::{
    DURATION,
    chapters::{Chapter, Fetches, Health},
    issuer::{COOLDOWN, Issuer, Key, configuration},
    traffic::{Strangers, Tokens, Traffic},
};
use support::{driver::Setup, envoy::InEnvoy, load::Load, workers::ask_every_worker};

const WORKERS: usize = 4;
/// The number of clients, each with one connection: four for each worker.
const CLIENTS: usize = 16;
/// The pause between two requests of a client.
const PAUSE: Duration = Duration::from_millis(40);
/// The number of equal parts into which the duration of the test is divided.
const PARTS: u32 = 60;

/// Runs all chapters, and prints the number of requests and fetches.
pub(crate) fn rage<D: InEnvoy>() {
    let mut storm = Storm::<D>::begin();
    storm.chapter("calm", Health::Good, 5, Storm::nothing);
    storm.chapter("stopped", Health::Failing, 8, |storm| storm.issuer.stop());
    storm.chapter("back", Health::Good, 4, |storm| {
        storm.issuer.resume();
        storm.await_success();
    });
    storm.chapter("slower than the timeout", Health::Failing, 8, |storm| {
        storm.issuer.publish_slowly(&storm.keys[..1]);
        storm.await_failure();
    });
    storm.chapter("back", Health::Good, 4, |storm| {
        storm.issuer.publish(&storm.keys[..1]);
        storm.await_success();
    });
    storm.chapter("garbage", Health::Failing, 6, |storm| {
        storm.issuer.publish_garbage();
        storm.await_failure();
    });
    storm.chapter("back", Health::Good, 4, |storm| {
        storm.issuer.publish(&storm.keys[..1]);
        storm.await_success();
    });
    storm.chapter(
        "rotation, new key used at once",
        Health::Good,
        5,
        Storm::rotate_quietly,
    );
    storm.chapter("rotation, old key withdrawn", Health::Good, 5, |storm| {
        storm.rotate(2);
    });
    storm.chapter("rotation, old key withdrawn", Health::Good, 5, |storm| {
        storm.rotate(3);
    });
    storm.chapter("stopped", Health::Failing, 3, |storm| storm.issuer.stop());
    storm.chapter(
        "restarted with another key",
        Health::Good,
        3,
        Storm::restart,
    );
    storm.end();
}

struct Storm<D> {
    gate: D,
    issuer: Issuer,
    keys: Vec<Key>,
    tokens: Tokens,
    traffic: Traffic,
    load: Load,
    chapters: Vec<Chapter>,
}

impl<D: InEnvoy> Storm<D> {
    fn begin() -> Self {
        let keys = Key::all();
        let issuer = Issuer::start(&keys[..1]);
        let setup = Setup::new(configuration()).external_cluster("login", issuer.address());
        let gate = D::start(&setup.balanced_workers(WORKERS));
        let gate = gate.unwrap_or_else(|refused| panic!("{}", refused.0));
        let tokens = Tokens::signed(&keys, gate.now());
        let traffic = Traffic {
            good: 0..1,
            doubtful: Vec::new(),
            removed: 0..0,
            strangers: Strangers::Present,
        };
        Self {
            load: Load::start(gate.address(), CLIENTS, PAUSE, tokens.mix(&traffic)),
            gate,
            issuer,
            keys,
            tokens,
            traffic,
            chapters: Vec::new(),
        }
    }

    /// Runs a chapter. `happen` changes the server or the keys at the start of the chapter. The
    /// chapter lasts for `parts` of the [`PARTS`] equal parts of the test.
    fn chapter(
        &mut self,
        name: &'static str,
        health: Health,
        parts: u32,
        happen: impl FnOnce(&mut Self),
    ) {
        let (started, before) = (Instant::now(), self.fetches());
        happen(self);
        let time = DURATION / PARTS * parts;
        thread::sleep(time.saturating_sub(started.elapsed()));
        let fetches = self.fetches().since(before);
        self.chapters
            .push(Chapter::ended(name, health, started, fetches));
        self.load.tally().assert_right();
    }

    fn nothing(&mut self) {}

    /// Rotates the keys while no client sends made-up `kid`s. Tokens that the new key signed pass
    /// as soon as the key is published, because the first of them causes a fetch.
    fn rotate_quietly(&mut self) {
        self.traffic.strangers = Strangers::Absent;
        self.send();
        self.gate.pass(COOLDOWN);
        self.issuer.publish(&self.keys[..2]);
        self.traffic.good = 0..2;
        self.send();
        self.gate.wait_until("tokens of both keys", || {
            self.gate.metric("portcullis.provider.login.keys") == Some(2)
        });
        self.traffic.strangers = Strangers::Present;
        self.send();
    }

    /// Replaces the oldest key while clients send made-up `kid`s. A fetch for a made-up `kid`
    /// starts the cool-down, during which no unknown `kid` causes a fetch. Tokens that the new key
    /// signed pass after the cool-down at the latest. Tokens that the old key signed are refused as
    /// soon as the gate has fetched the new key set.
    fn rotate(&mut self, newest: usize) {
        let oldest = newest - 2;
        self.traffic.good = newest - 1..newest;
        self.traffic.doubtful = vec![oldest, newest];
        self.send();
        self.issuer.publish(&self.keys[newest - 1..=newest]);
        self.gate.pass(COOLDOWN);
        self.traffic.good = newest - 1..newest + 1;
        self.traffic.doubtful = vec![oldest];
        self.send();
        self.await_removal(oldest);
    }

    /// Restarts the server with a new key in place of the oldest key. The gate learns of the change
    /// when it next fetches keys.
    fn restart(&mut self) {
        self.traffic.good = 3..4;
        self.traffic.doubtful = vec![2, 4];
        self.send();
        self.issuer.publish(&self.keys[3..5]);
        self.issuer.resume();
        self.await_success();
        self.gate.pass(COOLDOWN);
        self.traffic.good = 3..5;
        self.traffic.doubtful = vec![2];
        self.send();
        self.await_removal(2);
    }

    /// Waits until every worker refuses tokens that this key signed. From then on, no worker may
    /// accept such tokens.
    fn await_removal(&mut self, key: usize) {
        let token = self.tokens.good(key);
        self.gate.wait_until("every worker to refuse", || {
            let exchanges = ask_every_worker(&self.gate, &token);
            exchanges.iter().all(|exchange| exchange.status == 401)
        });
        self.traffic.doubtful.clear();
        self.traffic.removed = 0..key + 1;
        self.send();
    }

    fn await_success(&self) {
        let before = self.fetches().succeeded;
        self.gate
            .wait_until("a fetch", || self.fetches().succeeded > before);
    }

    fn await_failure(&self) {
        let before = self.fetches().failed;
        self.gate
            .wait_until("a failed fetch", || self.fetches().failed > before);
    }

    fn send(&self) {
        self.load.change(self.tokens.mix(&self.traffic));
    }

    fn fetches(&self) -> Fetches {
        let count = |outcome: &str| {
            let name = format!("portcullis.provider.login.jwks.fetch_{outcome}");
            self.gate.metric(&name).unwrap_or_default()
        };
        Fetches {
            succeeded: count("success"),
            failed: count("failed"),
        }
    }

    fn end(self) {
        let tally = self.load.stop();
        println!("\n{tally}");
        println!(
            "{:<32} {:>7} {:>9} {:>7} {:>8}",
            "chapter", "seconds", "fetched", "failed", "allowed"
        );
        for chapter in &self.chapters {
            println!("{chapter}");
        }
        println!("the server was asked {} times", self.issuer.fetches());
        tally.assert_right();
        self.chapters.iter().for_each(Chapter::assert_in_bounds);
        let taken = self.gate.taken_by_worker();
        assert!(taken.iter().all(|taken| *taken > 0), "{taken:?}");
    }
}
