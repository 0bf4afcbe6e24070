//! Responses that are encoded once and sent many times.
//!
//! Refusing a request must cost less than sending it. Most responses for the same reason are
//! identical, so each of them is built and encoded only once.

use core::cell::OnceCell;
use std::rc::Rc;

use crate::{
    decision::{Denial, Reason},
    engine::Engine,
    http::Response,
    policy::Schemes,
};

/// A response to send, with the host's encoding of it.
#[derive(Debug)]
pub struct Answer {
    response: Response,
    reason: Option<Reason>,
    encoded: OnceCell<Vec<u8>>,
}

/// The answers that one configuration has sent, for reuse.
#[derive(Debug, Default)]
pub(super) struct Answers(Vec<(Kind, Rc<Answer>)>);

/// The lookup key of an answer. Denials with the same key have the same response, unless one of
/// them is not [usual](Denial::is_usual).
type Kind = (Reason, Schemes);

impl Answer {
    /// Makes an answer that is not encoded yet.
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

    /// Why the request was denied; `None` if it was not.
    #[must_use]
    pub const fn reason(&self) -> Option<Reason> {
        self.reason
    }

    /// The host's encoding of the response. Only the first call runs `encode`.
    pub fn encoded(&self, encode: impl FnOnce(&Response) -> Vec<u8>) -> &[u8] {
        self.encoded.get_or_init(|| encode(&self.response))
    }
}

impl Answers {
    /// The answer to a denied request.
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
    use crate::config::Config;

    #[test]
    fn an_answer_has_the_reason_of_its_denial() {
        let engine = Engine::new(Arc::new(Config::parse(b"{}").unwrap()));
        let mut answers = Answers::default();
        for _ in 0..2 {
            for reason in Reason::ALL {
                let answer = answers.answer(&engine, &Denial::new(reason));
                assert_eq!(answer.reason(), Some(reason));
            }
        }
    }
}
