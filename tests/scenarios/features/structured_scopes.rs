//! Z6: scopes that name a cloud, an organisation and a role.
