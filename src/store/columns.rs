//! Columns of a row, whichever of our databases it comes from.

use sqlx::{ColumnIndex, Decode, Row, Type};

pub trait Columns {
    fn number(&self, column: usize) -> Result<i64, sqlx::Error>;
    fn number_or_none(&self, column: usize) -> Result<Option<i64>, sqlx::Error>;
    fn real(&self, column: usize) -> Result<f64, sqlx::Error>;
    fn text(&self, column: usize) -> Result<&str, sqlx::Error>;
    fn text_or_none(&self, column: usize) -> Result<Option<&str>, sqlx::Error>;
}

impl<R> Columns for R
where
    R: Row,
    usize: ColumnIndex<R>,
    for<'r> i64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> f64: Decode<'r, R::Database> + Type<R::Database>,
    for<'r> &'r str: Decode<'r, R::Database> + Type<R::Database>,
{
    fn number(&self, column: usize) -> Result<i64, sqlx::Error> {
        self.try_get(column)
    }

    fn number_or_none(&self, column: usize) -> Result<Option<i64>, sqlx::Error> {
        self.try_get(column)
    }

    fn real(&self, column: usize) -> Result<f64, sqlx::Error> {
        self.try_get(column)
    }

    fn text(&self, column: usize) -> Result<&str, sqlx::Error> {
        self.try_get(column)
    }

    fn text_or_none(&self, column: usize) -> Result<Option<&str>, sqlx::Error> {
        self.try_get(column)
    }
}
