//! The walk over a parsed query: everything in the tree must be known to read only, however deep it stands.

use std::ops::ControlFlow;

use sqlparser::ast::{
    BinaryOperator, Expr, Function, Ident, ObjectName, ObjectNamePart, Query, Select, SetExpr, Statement, TableFactor, Value,
    ValueWithSpan, Visitor,
};
use sqlparser::tokenizer::Location;

use super::{Dialect, Refusal, functions};

pub struct Walk {
    dialect: Dialect,
}

type Step = ControlFlow<Box<Refusal>>;

impl Walk {
    pub fn new(dialect: Dialect) -> Self {
        Self { dialect }
    }

    fn function(&self, name: &ObjectName) -> Step {
        let Some(ident) = last(name) else { return refuse("a function whose name is computed", None) };
        if functions::is_allowed(self.dialect, &ident.value) {
            return ControlFlow::Continue(());
        }
        refuse(format!("the function `{}`, which is not known to only read data", ident.value), position(ident.span.start))
    }

    fn table_function(&self, name: &ObjectName) -> Step {
        let Some(ident) = last(name) else { return refuse("a table whose name is computed", None) };
        if functions::is_allowed_as_table(self.dialect, &ident.value) {
            return ControlFlow::Continue(());
        }
        refuse(format!("the table function `{}`, which is not known to only read data", ident.value), position(ident.span.start))
    }

    fn set_expr(&self, body: &SetExpr) -> Step {
        match body {
            SetExpr::Select(_) | SetExpr::Query(_) | SetExpr::Values(_) | SetExpr::Table(_) => ControlFlow::Continue(()),
            SetExpr::SetOperation { left, right, .. } => {
                self.set_expr(left)?;
                self.set_expr(right)
            }
            SetExpr::Insert(statement) | SetExpr::Update(statement) | SetExpr::Delete(statement) | SetExpr::Merge(statement) => {
                refuse(describe_statement(statement), None)
            }
        }
    }
}

impl Visitor for Walk {
    type Break = Box<Refusal>;

    fn pre_visit_statement(&mut self, statement: &Statement) -> Step {
        refuse(describe_statement(statement), None)
    }

    fn pre_visit_query(&mut self, query: &Query) -> Step {
        if !query.locks.is_empty() {
            return refuse("`for update` or `for share`; read without a lock", None);
        }
        if query.for_clause.is_some() || query.settings.is_some() || query.format_clause.is_some() || !query.pipe_operators.is_empty() {
            return refuse("a clause of another database (`for xml`, `settings`, `format`, `|>`)", None);
        }
        self.set_expr(&query.body)
    }

    fn pre_visit_select(&mut self, select: &Select) -> Step {
        if select.into.is_some() {
            return refuse("`select … into`, which writes; leave `into` out", position(select.select_token.0.span.start));
        }
        if !select.lateral_views.is_empty() || select.prewhere.is_some() || !select.connect_by.is_empty() {
            return refuse("a clause of another database", position(select.select_token.0.span.start));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_relation(&mut self, relation: &ObjectName) -> Step {
        let Some(ident) = last(relation) else { return refuse("a table whose name is computed", None) };
        let schema = relation.0.iter().rev().nth(1).and_then(ObjectNamePart::as_ident).map(|ident| ident.value.as_str());
        if functions::is_closed_relation(self.dialect, schema, &ident.value) {
            return refuse(format!("`{}`, which is no table of the data", ident.value), position(ident.span.start));
        }
        ControlFlow::Continue(())
    }

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> Step {
        match factor {
            TableFactor::Table { name, args: Some(_), .. } | TableFactor::Function { name, .. } => self.table_function(name),
            TableFactor::Table { args: None, .. } | TableFactor::Derived { .. } | TableFactor::NestedJoin { .. } => {
                ControlFlow::Continue(())
            }
            TableFactor::TableFunction { expr: Expr::Function(Function { name, .. }), .. } => self.table_function(name),
            TableFactor::UNNEST { .. } | TableFactor::JsonTable { .. } => ControlFlow::Continue(()),
            _ => refuse("a form of table that is not known to only read data", None),
        }
    }

    fn pre_visit_expr(&mut self, expr: &Expr) -> Step {
        match expr {
            Expr::Function(function) => self.function(&function.name),
            Expr::CompoundFieldAccess { .. } if self.dialect == Dialect::Sqlite => {
                refuse("a field of a value, which SQLite does not have", None)
            }
            Expr::BinaryOp { op: BinaryOperator::Assignment, .. } => refuse("`:=`, which sets a variable", None),
            Expr::Identifier(ident) if ident.quote_style.is_none() && ident.value.starts_with('@') && !ident.value.starts_with("@@") => {
                refuse(format!("the variable `{}`", ident.value), position(ident.span.start))
            }
            _ => ControlFlow::Continue(()),
        }
    }

    fn pre_visit_value(&mut self, value: &ValueWithSpan) -> Step {
        match &value.value {
            Value::Placeholder(sign) if !sign.starts_with("@@") => {
                refuse(format!("the placeholder `{sign}`; write the value itself"), position(value.span.start))
            }
            _ => ControlFlow::Continue(()),
        }
    }
}

/// What a statement is, in the words of its writer.
pub fn describe_statement(statement: &Statement) -> String {
    if let Statement::Explain { .. } | Statement::ExplainTable { .. } = statement {
        return "`explain` as a statement; give the `select` itself to `explain_sql`".to_owned();
    }
    if let Statement::Pragma { .. } = statement {
        return "`pragma`; the safe ones can be read as tables: `select * from pragma_table_info('t')`".to_owned();
    }
    let text = statement.to_string();
    let verb = text.split_whitespace().next().unwrap_or_default().to_lowercase();
    format!("`{verb}`, which is not a read; only `select`, `values` and `with … select` are let through")
}

/// `line:column`; absent where the parser does not know.
pub fn position(at: Location) -> Option<String> {
    (at.line > 0).then(|| format!("{}:{}", at.line, at.column))
}

fn last(name: &ObjectName) -> Option<&Ident> {
    name.0.last().and_then(ObjectNamePart::as_ident)
}

fn refuse(construct: impl Into<String>, position: Option<String>) -> Step {
    ControlFlow::Break(Box::new(Refusal { construct: construct.into(), position }))
}
