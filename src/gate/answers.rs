//! Answers to requests. Each answer keeps its encoded response, so that the host encodes the
//! response only once.
//!
//! It must cost the proxy less to refuse a request than it costs the client to send one. Most
//! refusals for the same reason have identical responses, so each such response is built and
//! encoded only once.

use core::cell::OnceCell;
use std::rc::Rc;

use crate::{
    decision::{Denial, Reason},
    engine::Engine,
    http::Response,
    policy::Schemes,
};

/// A response to send, and the host's encoding of the response.
#[derive(Debug)]
pub struct Answer {
    response: Response,
    reason: Option<Reason>,
    encoded: OnceCell<Vec<u8>>,
}

/// The answers that one configuration has sent, kept for reuse.
#[derive(Debug, Default)]
pub(super) struct Answers(Vec<(Kind, Rc<Answer>)>);

/// The lookup key of an answer. Two denials with the same key have the same response if both are
/// [usual](Denial::is_usual).
type Kind = (Reason, Schemes);

impl Answer {
    /// Creates an answer that is not encoded yet.
    pub(super) const fn new(response: Response, reason: Option<Reason>) -> Self {
        Self {
            response,
            reason,
            encoded: OnceCell::new(),
        }
    }

    /// The response.
    #[must_use]
    pub const fn response(&self) -> &Response {
        &self.response
    }

    /// Why the request was denied; `None` if it was not denied.
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// The host's encoding of the response. `encode` runs only on the first call.
    pub fn encoded(&self, encode: impl FnOnce(&Response) -> Vec<u8>) -> &[u8] {
        self.encoded.get_or_init(|| encode(&self.response))
    }
}

impl Answers {
    /// Returns the answer to a denied request.
    pub(super) fn answer(&mut self, engine: &Engine, denial: &Denial) -> Rc<Answer> {
        let is_usual = denial.is_usual();
        let kind = (denial.reason, denial.schemes);
        let mut known = self.0.iter();
        if let Some((_, answer)) = known.find(|(own, _)| is_usual && *own == kind) {
            return Rc::clone(answer);
        }
        let answer = Rc::new(Answer::new(engine.response(denial), Some(denial.reason)));
        if is_usual {
            self.0.push((kind, Rc::clone(&answer)));
        }
        answer
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    #[cfg(target_arch = "wasm32")]
    use wasm_bindgen_test::wasm_bindgen_test as test;

    use super::*;
    use crate::{config::Config, http::Request};

    #[test]
    fn an_answer_has_the_reason_of_its_denial() {
        let engine = Engine::new(Arc::new(Config::parse(b"{}").unwrap()));
        let mut answers = Answers::default();
        for _ in 0..2 {
            for reason in Reason::ALL {
                let denial = engine.refusal(reason, &Request::default());
                let answer = answers.answer(&engine, &denial);
                assert_eq!(answer.reason(), Some(reason));
            }
        }
    }
}
