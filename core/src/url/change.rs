//! Another URL made of one: without its user, with another fragment, with more of a query.
//! Each part stays as it was, or is given well formed.

use super::{Url, UrlError, UrlProblem, parse};
use crate::target::Part;

impl Url {
    /// The same URL without user and password.
    #[must_use]
    pub fn without_userinfo(&self) -> Url {
        self.assembled(&parse::Reference { userinfo: None, ..self.pieces() })
    }

    /// The same URL without a fragment.
    #[must_use]
    pub fn without_fragment(&self) -> Url {
        self.with_fragment(None)
    }

    /// The same URL with that fragment, which is well formed.
    pub(crate) fn with_fragment(&self, fragment: Option<&str>) -> Url {
        let fragment = fragment.map(|text| parse::Piece::whole(text.as_bytes()));
        self.assembled(&parse::Reference { fragment, ..self.pieces() })
    }

    /// The same URL with this behind its query. What it has of a query stays as it is,
    /// and the fragment too.
    pub(crate) fn with_more_query(&self, more: &str) -> Result<Url, UrlError> {
        let query = match self.query() {
            None | Some("") => more.to_owned(),
            Some(query) if query.ends_with('&') => format!("{query}{more}"),
            Some(query) => format!("{query}&{more}"),
        };
        let query = Some(parse::Piece::whole(query.as_bytes()));
        let url = self.assembled(&parse::Reference { query, ..self.pieces() });
        match url.parts().query {
            Some(query) if query.end() > parse::LONGEST => {
                Err(UrlError::new(UrlProblem::TooLong, parse::LONGEST))
            }
            _ => Ok(url),
        }
    }

    /// A URL of parts that were in one before.
    fn assembled(&self, pieces: &parse::Reference<'_>) -> Url {
        let url = parse::assemble(pieces);
        debug_assert!(url.is_ok(), "parts of a URL are well formed");
        url.unwrap_or_else(|_| self.clone())
    }

    /// The parts as a reference has them, to make another URL of.
    pub(super) fn pieces(&self) -> parse::Reference<'_> {
        let piece = |part: Part| parse::Piece::whole(self.part(part).as_bytes());
        parse::Reference {
            scheme: Some(piece(self.parts().scheme)),
            userinfo: self.parts().userinfo.map(piece),
            place: self.parts().has_authority.then(|| piece(self.parts().place)),
            path: piece(self.parts().path),
            query: self.parts().query.map(piece),
            fragment: self.parts().fragment.map(piece),
        }
    }
}
