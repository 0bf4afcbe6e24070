//! Answers in the form in which they are sent.
//!
//! To refuse must cost less than to ask: most refusals of one reason are the same to the byte, and are
//! put together once.

use core::cell::RefCell;
use std::rc::Rc;

use crate::{
    decision::{Denial, Reason},
    engine::Engine,
    filter::{
        abi::{self, Status},
        pairs,
    },
    http::Response,
    policy::Schemes,
};

/// The answers of one configuration that were sent before.
#[derive(Debug, Default)]
pub(super) struct Answers(RefCell<Vec<(Kind, Rc<Answer>)>>);

/// What two answers of one configuration differ by, where neither names scopes or a time.
type Kind = (Reason, Schemes);

/// An answer in the form in which it is sent.
#[derive(Debug)]
pub(super) struct Answer {
    status: u16,
    details: String,
    /// In the ABI's serialization.
    headers: Vec<u8>,
    body: String,
}

impl Answers {
    /// Answers the request of the current context.
    ///
    /// # Errors
    /// When the host refuses.
    pub(super) fn send(&self, engine: &Engine, denial: &Denial) -> Result<(), Status> {
        let is_usual = denial.scopes.is_empty() && denial.retry_after.is_none();
        if !is_usual {
            return Answer::from(&engine.response(denial)).send();
        }
        let mut known = self.0.borrow_mut();
        let kind = (denial.reason, denial.schemes);
        let before = known.iter().find(|(own, _)| *own == kind);
        let answer = match before {
            Some((_, answer)) => Rc::clone(answer),
            None => {
                let answer = Rc::new(Answer::from(&engine.response(denial)));
                known.push((kind, Rc::clone(&answer)));
                answer
            }
        };
        // The host may come back to this module before it returns.
        drop(known);
        answer.send()
    }
}

impl Answer {
    /// Answers the request of the current context.
    ///
    /// # Errors
    /// When the host refuses.
    pub(super) fn send(&self) -> Result<(), Status> {
        abi::send_local_response(self.status, &self.details, &self.headers, &self.body)
    }
}

impl From<&Response> for Answer {
    fn from(response: &Response) -> Self {
        let headers = response.headers.iter();
        let headers: Vec<(&str, &str)> = headers
            .map(|(name, value)| (*name, value.as_str()))
            .collect();
        Self {
            status: response.status,
            details: response.details.clone(),
            headers: pairs::encode(&headers),
            body: response.body.clone(),
        }
    }
}
