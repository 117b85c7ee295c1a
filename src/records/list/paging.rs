//! The query parameters `page`, `perPage` and `skipTotal`.

use crate::pocketbase::error::Refused;

const PER_PAGE: u64 = 30;
const PER_PAGE_MAX: u64 = 1000;

/// Which page is wanted, as PocketBase reads it.
#[derive(Clone, Copy, Debug)]
pub struct Paging {
    pub page: u64,
    pub per_page: u64,
    pub skip_total: bool,
}

impl Paging {
    /// Reads the parameters.
    ///
    /// # Errors
    /// [`Refused::BAD_REQUEST`].
    pub fn parse(
        page: Option<&str>,
        per_page: Option<&str>,
        skip_total: Option<&str>,
    ) -> Result<Self, Refused> {
        let number = |text: Option<&str>, default: u64| match text.unwrap_or_default() {
            "" => Ok(default),
            text => match text.parse::<i64>() {
                Ok(number) => Ok(u64::try_from(number)
                    .ok()
                    .filter(|n| *n > 0)
                    .unwrap_or(default)),
                Err(_) => Err(Refused::BAD_REQUEST),
            },
        };
        let skip_total = match skip_total.unwrap_or_default() {
            "1" | "t" | "T" | "true" | "True" | "TRUE" => true,
            "" | "0" | "f" | "F" | "false" | "False" | "FALSE" => false,
            _ => return Err(Refused::BAD_REQUEST),
        };
        let per_page = number(per_page, PER_PAGE)?.min(PER_PAGE_MAX);
        Ok(Self {
            page: number(page, 1)?,
            per_page,
            skip_total,
        })
    }

    /// How many items are on the pages before the wanted one.
    pub fn offset(&self) -> u64 {
        (self.page - 1).saturating_mul(self.per_page)
    }

    /// How many items are on the pages up to the wanted one, if all are full.
    pub fn end(&self) -> u64 {
        self.offset().saturating_add(self.per_page)
    }

    /// What is on the wanted page of `all`.
    pub fn of<T>(&self, all: Vec<T>) -> Vec<T> {
        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        all.into_iter()
            .skip(size(self.offset()))
            .take(size(self.per_page))
            .collect()
    }

    /// `totalItems` and `totalPages` of `total` items.
    pub fn totals(&self, total: u64) -> (i64, i64) {
        let shown = |n: u64| {
            if self.skip_total {
                -1
            } else {
                i64::try_from(n).unwrap_or(i64::MAX)
            }
        };
        (shown(total), shown(total.div_ceil(self.per_page)))
    }
}
