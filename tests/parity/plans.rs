//! Plans for requests. The tokens of a planned request are not signed until the request is sent.

use crate::{
    configurations::Configuration,
    places::{Dress, Place},
    tokens::{Fault, Mint},
};
use support::{driver::Request, random::Random};

/// The number of random requests for each configuration, in addition to the fixed requests.
const RANDOM_REQUESTS: usize = 20;
/// The value that a client sends in identity headers to claim another identity.
const SPOOF: &str = "spoofed";

/// A planned request.
#[derive(Clone, Debug, Default)]
pub(crate) struct Plan {
    /// The method; empty means `GET`.
    pub(crate) method: &'static str,
    /// Path and query.
    pub(crate) target: String,
    /// The headers that contain no tokens.
    pub(crate) headers: Vec<(String, String)>,
    /// The tokens, in the order in which the request contains them.
    pub(crate) tokens: Vec<Token>,
}

/// A planned token.
#[derive(Clone, Debug)]
pub(crate) struct Token {
    /// The index of the token's provider.
    pub(crate) provider: usize,
    /// The index of the signing key among the provider's keys.
    pub(crate) key: usize,
    pub(crate) fault: Fault,
    pub(crate) place: Place,
    pub(crate) dress: Dress,
}

impl Plan {
    /// Builds the request, and signs its tokens.
    pub(crate) fn request(&self, configuration: &Configuration, mint: Mint) -> Request {
        let method = if self.method.is_empty() {
            "GET"
        } else {
            self.method
        };
        let mut request = Request::new(method, &self.target);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        for token in &self.tokens {
            let provider = &configuration.providers[token.provider];
            let text = mint.token(provider, token.key, token.fault);
            request = token.place.put(&text, token.dress, request);
        }
        request
    }

    /// Returns whether any of the tokens has this fault.
    pub(crate) fn has(&self, fault: Fault) -> bool {
        self.tokens.iter().any(|token| token.fault == fault)
    }

    fn to(target: &str) -> Self {
        Self {
            target: target.to_owned(),
            ..Self::default()
        }
    }

    fn with(mut self, token: Token) -> Self {
        self.tokens.push(token);
        self
    }

    fn header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    fn method(self, method: &'static str) -> Self {
        Self { method, ..self }
    }
}

/// All requests for a configuration: fixed requests and random requests.
pub(crate) fn plans(configuration: &Configuration, random: &mut Random) -> Vec<Plan> {
    let mut plans = Vec::new();
    without_tokens(configuration, &mut plans);
    in_places(configuration, &mut plans);
    with_faults(configuration, random, &mut plans);
    several(configuration, &mut plans);
    on_paths(configuration, &mut plans);
    spoofed(configuration, &mut plans);
    for _ in 0..RANDOM_REQUESTS {
        plans.push(at_random(configuration, random));
    }
    plans
}

fn without_tokens(configuration: &Configuration, plans: &mut Vec<Plan>) {
    let target = configuration.target();
    plans.push(Plan::to(target));
    plans.push(Plan::to(target).header("authorization", "Basic YTpi"));
    plans.push(Plan::to(target).header("authorization", ""));
    let preflight = Plan::to(target)
        .method("OPTIONS")
        .header("origin", "https://app.example");
    plans.push(preflight.clone());
    plans.push(preflight.header("access-control-request-method", "PUT"));
    plans.push(Plan::to(target).header("cookie", "a=1; b=2"));
    // A CONNECT request has no path.
    let connect = Plan::to("api.example.com:443").method("CONNECT");
    plans.push(connect.clone());
    let first = token(configuration, 0, Fault::None);
    if !matches!(first.place, Place::Param(_)) {
        plans.push(connect.with(first));
    }
}

fn in_places(configuration: &Configuration, plans: &mut Vec<Plan>) {
    for (index, provider) in configuration.providers.iter().enumerate() {
        for place in provider.places() {
            for dress in Dress::ALL {
                plans.push(Plan::to(configuration.target()).with(Token {
                    place: place.clone(),
                    dress,
                    ..token(configuration, index, Fault::None)
                }));
            }
        }
        for key in 1..provider.keys.signers.len() {
            plans.push(Plan::to(configuration.target()).with(Token {
                key,
                ..token(configuration, index, Fault::None)
            }));
        }
    }
}

fn with_faults(configuration: &Configuration, random: &mut Random, plans: &mut Vec<Plan>) {
    for (count, fault) in Fault::ALL.iter().enumerate() {
        let index = count % configuration.providers.len();
        let places = configuration.providers[index].places();
        plans.push(Plan::to(configuration.target()).with(Token {
            key: random.below(4),
            place: random.one_of(&places),
            ..token(configuration, index, *fault)
        }));
    }
}

/// Adds requests with several tokens. The tokens are from one provider or from several providers.
fn several(configuration: &Configuration, plans: &mut Vec<Plan>) {
    let target = configuration.target();
    let everyone = |fault: Fault| {
        (0..configuration.providers.len()).fold(Plan::to(target), |plan, index| {
            let fault = if index == 0 { fault } else { Fault::None };
            plan.with(token(configuration, index, fault))
        })
    };
    plans.push(everyone(Fault::None));
    plans.push(everyone(Fault::OtherKey));
    plans.push(everyone(Fault::Expired));
    plans.push(everyone(Fault::OtherAudience));
    let places = configuration.providers[0].places();
    let first = |fault| token(configuration, 0, fault);
    let last = |fault| Token {
        place: places[places.len() - 1].clone(),
        ..first(fault)
    };
    for (one, other) in [
        (Fault::None, Fault::None),
        (Fault::None, Fault::Expired),
        (Fault::Expired, Fault::None),
        (Fault::Opaque, Fault::None),
        (Fault::None, Fault::OtherIssuer),
    ] {
        plans.push(Plan::to(target).with(first(one)).with(first(other)));
        plans.push(Plan::to(target).with(first(one)).with(last(other)));
    }
    plans.push(
        Plan::to(target)
            .header("authorization", "Basic YTpi")
            .with(first(Fault::None)),
    );
    let elsewhere = Place::Header {
        name: "x-elsewhere".to_owned(),
        prefix: String::new(),
    };
    plans.push(Plan::to(target).with(Token {
        place: elsewhere,
        ..first(Fault::None)
    }));
}

fn on_paths(configuration: &Configuration, plans: &mut Vec<Plan>) {
    for target in &configuration.targets {
        plans.push(Plan::to(target));
        plans.push(Plan::to(target).with(token(configuration, 0, Fault::None)));
        plans.push(Plan::to(target).with(token(configuration, 0, Fault::OtherIssuer)));
        let post = Plan::to(target).method("POST");
        plans.push(post.with(token(configuration, 0, Fault::Expired)));
    }
    for (name, value) in &configuration.headers {
        plans.push(Plan::to(configuration.target()).header(name, value));
        let twice = Plan::to(configuration.target())
            .header(name, value)
            .header(name, "other");
        plans.push(twice.with(token(configuration, 0, Fault::None)));
    }
}

/// Adds requests in which the client sends headers that only the filter may set.
fn spoofed(configuration: &Configuration, plans: &mut Vec<Plan>) {
    let owned = configuration.owned_headers();
    let Some(name) = owned.first() else {
        return;
    };
    let all = owned
        .iter()
        .fold(Plan::to(configuration.target()), |plan, name| {
            plan.header(name, SPOOF)
        });
    plans.push(all.clone());
    plans.push(all.clone().with(token(configuration, 0, Fault::None)));
    plans.push(all.clone().with(token(configuration, 0, Fault::Expired)));
    plans.push(
        all.method("OPTIONS")
            .header("origin", "https://app.example")
            .header("access-control-request-method", "PUT"),
    );
    for target in &configuration.targets {
        let spoofing = Plan::to(target).header(name, SPOOF);
        plans.push(spoofing.with(token(configuration, 0, Fault::None)));
    }
    let confusable = name.replace('-', "_");
    let confusing = Plan::to(configuration.target()).header(&confusable, SPOOF);
    plans.push(confusing.with(token(configuration, 0, Fault::None)));
}

fn at_random(configuration: &Configuration, random: &mut Random) -> Plan {
    let mut plan = Plan::to(configuration.target());
    if random.once_in(3) {
        plan.target = random.one_of(&configuration.targets);
    }
    if random.once_in(4) {
        plan.method = random.one_of(&["POST", "PUT", "HEAD", "OPTIONS", "DELETE"]);
    }
    if let Some((name, value)) = configuration.headers.first()
        && random.once_in(3)
    {
        plan = plan.header(name, value);
    }
    if random.once_in(5) {
        plan = plan.header("cookie", "a=1; b=2");
    }
    let number = random.one_of(&[0, 1, 1, 1, 1, 1, 2]);
    for _ in 0..number {
        let provider = random.below(configuration.providers.len());
        let places = configuration.providers[provider].places();
        let (fault, dress) = match random.below(3) {
            0 => (random.one_of(Fault::ALL), Dress::Plain),
            1 => (Fault::None, random.one_of(&Dress::ALL)),
            _ => (Fault::None, Dress::Plain),
        };
        plan = plan.with(Token {
            provider,
            key: random.below(4),
            fault,
            place: random.one_of(&places),
            dress,
        });
    }
    plan
}

/// Plans a token. It goes into the first of the places where its provider looks for tokens.
fn token(configuration: &Configuration, provider: usize, fault: Fault) -> Token {
    let places = configuration.providers[provider].places();
    Token {
        provider,
        key: 0,
        fault,
        place: places[0].clone(),
        dress: Dress::Plain,
    }
}
