//! A column of the server's Table and the short ways to write one down.

use serde_json::{Value, json};

/// One `columnDefinitions` entry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Column {
    /// Heading, in the server's spelling (`Nominated Node`); kubectl upper-cases it.
    pub name: &'static str,
    /// `string`, `integer` or `boolean`.
    pub kind: &'static str,
    /// `name` for the column that names the object, else empty.
    pub format: &'static str,
    /// 0 is always shown, 1 only with `-o wide`.
    pub priority: i64,
}

/// The column that names the object.
pub const NAME: Column = Column { name: "Name", kind: "string", format: "name", priority: 0 };
/// Time since creation.
pub const AGE: Column = text("Age");

/// A text column.
pub const fn text(name: &'static str) -> Column {
    Column { name, kind: "string", format: "", priority: 0 }
}

/// An integer column.
pub const fn number(name: &'static str) -> Column {
    Column { name, kind: "integer", format: "", priority: 0 }
}

/// A boolean column.
pub const fn flag(name: &'static str) -> Column {
    Column { name, kind: "boolean", format: "", priority: 0 }
}

/// A text column of `-o wide`.
pub const fn wide(name: &'static str) -> Column {
    Column { name, kind: "string", format: "", priority: 1 }
}

impl Column {
    /// The entry as the Table carries it.
    pub fn definition(&self) -> Value {
        json!({
            "name": self.name, "type": self.kind, "format": self.format,
            "description": self.description(), "priority": self.priority,
        })
    }

    /// A short description, as Tables carry one for each column.
    fn description(&self) -> String {
        match self.name {
            "Name" => "Name must be unique within a namespace.".into(),
            "Age" => "Time since the object was created.".into(),
            other => format!("{other} of the object."),
        }
    }
}
