//! Responses that are encoded once and sent many times.
//!
//! Refusing a request must cost less than sending one. Most refusals for one reason are identical,
//! so each response is built and encoded only once.

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
    encoded: OnceCell<Vec<u8>>,
}

/// The responses of one configuration that were sent before.
#[derive(Debug, Default)]
pub(super) struct Answers(Vec<(Kind, Rc<Answer>)>);

/// What distinguishes two responses of one configuration, if neither has scopes or a time.
type Kind = (Reason, Schemes);

impl Answer {
    /// Makes an answer that was not encoded yet.
    pub(super) const fn new(response: Response) -> Self {
        Self {
            response,
            encoded: OnceCell::new(),
        }
    }

    /// The response.
    #[must_use]
    pub const fn response(&self) -> &Response {
        &self.response
    }

    /// The host's encoding of the response. `encode` is called at most once.
    pub fn encoded(&self, encode: impl FnOnce(&Response) -> Vec<u8>) -> &[u8] {
        self.encoded.get_or_init(|| encode(&self.response))
    }
}

impl Answers {
    /// The answer to a denied request.
    pub(super) fn answer(&mut self, engine: &Engine, denial: &Denial) -> Rc<Answer> {
        let is_usual = denial.scopes.is_empty() && denial.retry_after.is_none();
        let kind = (denial.reason, denial.schemes);
        let mut known = self.0.iter();
        if let Some((_, answer)) = known.find(|(own, _)| is_usual && *own == kind) {
            return Rc::clone(answer);
        }
        let answer = Rc::new(Answer::new(engine.response(denial)));
        if is_usual {
            self.0.push((kind, Rc::clone(&answer)));
        }
        answer
    }
}
