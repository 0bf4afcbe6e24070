//! Authentication schemes (RFC 9110 section 11.1).

/// A scheme with which a client authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// The client sends its identifier and a secret (RFC 7617).
    Basic,
    /// The client sends a token (RFC 6750). The token may be in any part of the request.
    Bearer,
}

/// A set of schemes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schemes {
    /// True if the set contains [`Scheme::Basic`].
    pub basic: bool,
    /// True if the set contains [`Scheme::Bearer`].
    pub bearer: bool,
}

impl Scheme {
    /// The scheme's name as it is written in a header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Bearer => "Bearer",
        }
    }
}

impl Schemes {
    /// The set that contains only [`Scheme::Bearer`].
    pub const BEARER: Self = Self {
        basic: false,
        bearer: true,
    };

    /// Returns the set with `scheme` added.
    #[must_use]
    pub const fn and(self, scheme: Scheme) -> Self {
        match scheme {
            Scheme::Basic => Self {
                basic: true,
                ..self
            },
            Scheme::Bearer => Self {
                bearer: true,
                ..self
            },
        }
    }

    /// Returns true if [`Scheme::Basic`] is the only scheme in the set.
    #[must_use]
    pub const fn is_basic_alone(self) -> bool {
        self.basic && !self.bearer
    }
}
