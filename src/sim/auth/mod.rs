//! Who asks: users and the bearer tokens that prove them. What a user may do
//! is not here (see [`crate::hooks::Extension::authorize`]).

mod tokens;
mod user;

pub(crate) use tokens::AUDIENCE;
pub use tokens::{Tokens, random_hex};
pub use user::User;
