//! Schemes of authentication (RFC 9110 section 11.1).

/// How a client authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// By its identifier and secret (RFC 7617).
    Basic,
    /// By a token (RFC 6750), wherever that stands.
    Bearer,
}

/// Some of the schemes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schemes {
    /// [`Scheme::Basic`] is among them.
    pub basic: bool,
    /// [`Scheme::Bearer`] is among them.
    pub bearer: bool,
}

impl Scheme {
    /// As it is written in a header.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Basic => "Basic",
            Self::Bearer => "Bearer",
        }
    }
}

impl Schemes {
    /// [`Scheme::Bearer`] alone.
    pub const BEARER: Self = Self {
        basic: false,
        bearer: true,
    };

    /// These and `scheme`.
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

    /// Whether nothing but a client's secret is taken.
    #[must_use]
    pub const fn is_basic_alone(self) -> bool {
        self.basic && !self.bearer
    }
}
