//! Presets for products whose token format Portcullis knows.

use super::raw::object::choice;

choice! {
    /// The product that issues a provider's tokens. The product determines the defaults of the
    /// provider's fields.
    #[derive(Clone, Copy, Debug, PartialEq, Eq)]
    pub enum Preset {
        /// Auth0.
        Auth0 = "auth0",
        /// Amazon Cognito user pools.
        Cognito = "cognito",
        /// Microsoft Entra ID, access tokens of version 1.0.
        EntraV1 = "entra-v1",
        /// Microsoft Entra ID, access tokens of version 2.0.
        EntraV2 = "entra-v2",
        /// No particular product.
        Generic = "generic",
        /// GitHub Actions jobs.
        GithubActions = "github-actions",
        /// Google ID tokens.
        Google = "google",
        /// Keycloak.
        Keycloak = "keycloak",
        /// Service accounts of a Kubernetes cluster.
        Kubernetes = "kubernetes",
        /// Okta, custom authorization servers.
        Okta = "okta",
        /// PingFederate.
        PingFederate = "ping-federate",
        /// A client that signs assertions with its own key (RFC 7523).
        PrivateKeyJwt = "private-key-jwt",
        /// The profile of RFC 9068.
        Rfc9068 = "rfc9068",
        /// JWT-SVIDs of a SPIFFE trust domain.
        Spiffe = "spiffe",
    }
}

impl Preset {
    /// Returns true if the product's access tokens have no `aud`.
    pub const fn lacks_audience(self) -> bool {
        // Source: Amazon Cognito, "Understanding the access token".
        matches!(self, Self::Cognito)
    }

    /// Returns true if anyone with an account can get a token for any audience from the product.
    /// With such a product, the audience alone does not restrict who can call the API.
    pub const fn issues_to_anyone(self) -> bool {
        // Sources: GitHub, "OpenID Connect reference", about custom audiences; Google Cloud, "Get
        // an ID token".
        matches!(self, Self::GithubActions | Self::Google)
    }

    /// Returns whether the product's issuers end in a slash, or `None` if this is not known.
    pub const fn issuer_ends_in_slash(self) -> Option<bool> {
        match self {
            // Sources: Auth0, "Validate access tokens"; Entra, "Access tokens: issuers".
            Self::Auth0 | Self::EntraV1 => Some(true),
            Self::Cognito
            | Self::EntraV2
            | Self::GithubActions
            | Self::Google
            | Self::Keycloak
            | Self::Okta => Some(false),
            Self::Generic
            | Self::Kubernetes
            | Self::PingFederate
            | Self::PrivateKeyJwt
            | Self::Rfc9068
            | Self::Spiffe => None,
        }
    }
}
