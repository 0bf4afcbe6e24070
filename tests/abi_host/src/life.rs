//! Runs a random sequence of events in one process. The main thread updates configurations and
//! routes, and plays the clients and the authorization servers.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{
        Arc, Weak,
        atomic::Ordering,
        mpsc::{self, Receiver, Sender},
    },
    thread,
    time::{Duration, Instant},
};

use support::random::Random;

use crate::{
    configuration::{Configuration, Response},
    library::Library,
    live::{CONFIGURATION_SCHEDULERS, CONFIGURATIONS, STREAM_SCHEDULERS, STREAMS, die},
    policy::RoutePolicy,
    requests::{self, Request, Route},
    worker::{Event, Worker},
};

const WORKERS: usize = 3;
/// The maximum length of the list of configurations, and of the list of policies.
const MOST: usize = 6;
/// The time within which all waiting requests must end. It is long enough for a busy machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// The filter's name in Envoy's configuration.
const NAME: &str = "portcullis";
/// The names of the places in the library's code at which a test can make the library panic.
const DEFECTS: [&str; 10] = [
    "decided", "ended", "fetched", "policy", "read", "rebuild", "request", "tick", "trailers",
    "woken",
];

/// The parameters of one sequence of events.
pub struct Plan<'a> {
    /// The versions of the library to load: two for an upgrade, otherwise one.
    pub libraries: &'a [PathBuf],
    /// A file in this folder makes a library panic. `None` if the libraries were built without the
    /// feature `defects`; tests then cannot make them panic.
    pub defects: Option<&'a Path>,
    /// The seed of the random numbers.
    pub seed: u64,
    /// The number of events on the main thread.
    pub events: usize,
}

struct Life<'a> {
    libraries: Vec<&'static Library>,
    defects: Option<&'a Path>,
    random: Random,
    workers: Vec<Worker>,
    /// The configurations, newest last. A new stream gets the newest one.
    configurations: Vec<Arc<Configuration>>,
    policies: Vec<Arc<RoutePolicy>>,
    main: Sender<Weak<Configuration>>,
    scheduled: Receiver<Weak<Configuration>>,
}

impl Plan<'_> {
    /// Runs the sequence. Ends the process if the library breaks a rule.
    pub fn live(&self) {
        let mut random = Random::new(self.seed);
        let (main, scheduled) = mpsc::channel();
        let mut life = Life {
            libraries: self
                .libraries
                .iter()
                .map(|path| Library::load(path))
                .collect(),
            defects: self.defects,
            workers: (0..WORKERS)
                .map(|_| Worker::start(random.number()))
                .collect(),
            random,
            configurations: Vec::new(),
            policies: Vec::new(),
            main,
            scheduled,
        };
        life.add_configuration();
        for _ in 0..self.events {
            life.run_scheduled();
            life.act();
        }
        life.end();
    }
}

impl Life<'_> {
    /// Calls the hooks that the library has asked for through schedulers.
    fn run_scheduled(&self) {
        while let Ok(configuration) = self.scheduled.try_recv() {
            if let Some(configuration) = configuration.upgrade() {
                configuration.scheduled();
            }
        }
    }

    fn act(&mut self) {
        match self.random.below(100) {
            0..65 => self.begin(),
            65..75 => self.leave(),
            75..82 => self.respond(),
            82..85 => self.change_policies(),
            85 => self.add_configuration(),
            86 => self.offer_invalid(),
            87 => self.remove_configuration(),
            88 => self.cause_defect(),
            _ => thread::sleep(Duration::from_micros(300)),
        }
    }

    fn worker(&mut self) -> &Worker {
        let chosen = self.random.below(WORKERS);
        &self.workers[chosen]
    }

    fn begin(&mut self) {
        let Some(configuration) = self.configurations.last().cloned() else {
            return;
        };
        let route = match (self.random.below(10), &self.policies[..]) {
            (0, _) => Route::Stale(self.random.below(1 << 40)),
            (1, _) => Route::InWasmForm,
            (2..6, [_, ..]) => Route::Policy(self.random.one_of(&self.policies)),
            _ => Route::Plain,
        };
        let request = Box::new(Request::new(route, &mut self.random));
        self.worker().send(Event::Begin(configuration, request));
    }

    fn leave(&mut self) {
        let choice = self.random.below(1000);
        self.worker().send(Event::Leave(choice));
    }

    fn respond(&mut self) {
        use Response::{Keys, Nonsense, Reset, Unavailable};
        let response = self
            .random
            .one_of(&[Keys, Keys, Keys, Nonsense, Reset, Unavailable]);
        self.respond_to_all(response);
    }

    fn respond_to_all(&self, response: Response) {
        for configuration in &self.configurations {
            if let Some(call) = configuration.pending() {
                configuration.respond(call, response);
            }
        }
    }

    fn change_policies(&mut self) {
        let library = self.random.one_of(&self.libraries);
        RoutePolicy::offer_invalid(library);
        let disables = self.random.once_in(2);
        self.policies
            .extend(RoutePolicy::load(library, disables).map(Arc::new));
        if self.policies.len() > MOST {
            let place = self.random.below(MOST);
            self.policies.remove(place);
        }
    }

    fn load(&mut self, name: &str, text: &str) -> Option<Arc<Configuration>> {
        let library = self.random.one_of(&self.libraries);
        Configuration::load(library, name, text, &self.main, &mut self.random)
    }

    fn add_configuration(&mut self) {
        let text = requests::configuration(&mut self.random).to_string();
        if let Some(configuration) = self.load(NAME, &text) {
            self.configurations.push(configuration);
        } else if self.defects.is_none() {
            die("the library refused a valid configuration");
        }
        if self.configurations.len() > MOST {
            self.remove_configuration();
        }
    }

    fn offer_invalid(&mut self) {
        let (name, text) =
            self.random
                .one_of(&[(NAME, "{\"rules\": 7}"), (NAME, ""), ("other", "{}")]);
        if self.load(name, text).is_some() {
            die("the library accepted an invalid configuration");
        }
    }

    /// Removes a configuration from the list. A configuration without streams ends at once. A
    /// configuration with streams ends together with its last stream, on a worker.
    fn remove_configuration(&mut self) {
        if self.configurations.len() < 2 {
            return;
        }
        let place = self.random.below(self.configurations.len() - 1);
        let removed = self.configurations.remove(place);
        if self.random.once_in(2) {
            for worker in &self.workers {
                worker.send(Event::Drained(Arc::clone(&removed)));
            }
        }
    }

    fn cause_defect(&mut self) {
        if let Some(folder) = self.defects {
            fs::write(folder.join(self.random.one_of(&DEFECTS)), "").unwrap();
        }
    }

    /// Ends the sequence. The authorization servers now answer with keys, so every waiting request
    /// must end. Then the library must release everything.
    fn end(mut self) {
        if let Some(folder) = self.defects {
            DEFECTS
                .iter()
                .for_each(|place| drop(fs::remove_file(folder.join(place))));
        }
        let start = Instant::now();
        while self
            .workers
            .iter()
            .any(|worker| worker.waiting.load(Ordering::Acquire) > 0)
        {
            self.run_scheduled();
            self.respond_to_all(Response::Keys);
            thread::sleep(Duration::from_millis(1));
            if start.elapsed() > PATIENCE {
                die("a request still waits although all calls are answered");
            }
        }
        self.policies.clear();
        self.configurations.clear();
        self.workers.drain(..).for_each(Worker::stop);
        // Loading a configuration makes the library release the configurations that ended on a
        // worker.
        for place in 0..self.libraries.len() {
            let text = requests::configuration(&mut self.random).to_string();
            let library = self.libraries[place];
            let _ = Configuration::load(library, NAME, &text, &self.main, &mut self.random);
        }
        self.run_scheduled();
        STREAMS.expect_none();
        STREAM_SCHEDULERS.expect_none();
        CONFIGURATIONS.expect_none();
        CONFIGURATION_SCHEDULERS.expect_none();
    }
}
