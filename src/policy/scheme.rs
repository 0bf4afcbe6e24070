//! Authentication schemes (RFC 9110 section 11.1).

/// How a client authenticates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// With a client identifier and secret (RFC 7617).
    Basic,
    /// With a token (RFC 6750), wherever it is in the request.
    Bearer,
}

/// A set of schemes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Schemes {
    /// True if the set has [`Scheme::Basic`].
    pub basic: bool,
    /// True if the set has [`Scheme::Bearer`].
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

    /// Adds `scheme` to the set.
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
