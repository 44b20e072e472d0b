//! Approval: who stands for a rule book or for a change of its model, proven by a signature.
//!
//! # What lives here
//!
//! The [`Manifest`] and the [`ModelManifest`] that are signed, keys, the [`Signature`] that lies beside the
//! rules, and the [`Signers`] whose signatures count. Not what follows from an
//! approval: `config` decides whether effects may start.
//!
//! # How the data flows
//!
//! Rule book + name + instant → [`Manifest`] → Ed25519 → `signatures/ID.manifest`
//! and `signatures/ID.sig` in the rules folder. [`Signature::read`] reads them
//! again, and [`Signature::holds`] holds them against the rule book, the signers
//! and a day.
//!
//! # Invariants
//!
//! * One changed byte of any rule file, of the manifest or of the signature, and nothing holds.
//! * A signature counts when its signer was allowed to sign on that day, and
//!   not at all once the key is revoked.
//! * A private key is never shown; a signer is known by name and public key.
//!
//! # Example
//!
//! ```
//! use preventiojyraa::approval::{Manifest, SigningKey};
//! use preventiojyraa::rules;
//!
//! let rulebook = rules::shipped()?;
//! let manifest = Manifest::of(&rulebook, "Maija Meikäläinen", "2026-03-02T09:00:00Z".parse()?);
//! let signature = SigningKey::generate()?.sign(&manifest);
//! assert_eq!(signature.manifest().signer, "Maija Meikäläinen");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Why it is so
//!
//! The manifest is a text that a person can read and `sha256sum` can follow;
//! the signature is the 64 bytes of Ed25519 over it, so that
//! `openssl pkeyutl -verify -rawin` proves it without this program. Signing the
//! files themselves would have shown nobody what exactly was signed. A signature
//! outlives the office of its signer (a lead who leaves does not stop the
//! programme), but not the trust in the key: that is what `revoked` is for.

mod key;
mod manifest;
mod model;
mod ordinary;
mod signature;
mod signers;

pub use key::{KeyError, PublicKey, SigningKey};
pub use manifest::Manifest;
pub use model::ModelManifest;
pub use signature::{NotApproved, Signature, SignatureError};
pub use signers::{Signed, Signer, Signers};
