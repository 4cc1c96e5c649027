//! The order of a list: the `order_by` of AIP-132, one field at a time.

use std::fmt;

/// How a list of datastores is sorted. The default is by name, ascending.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct OrderBy {
    /// What is compared.
    pub field: OrderField,
    /// Whether the largest comes first.
    pub descending: bool,
}

/// A field that a list can be sorted by.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OrderField {
    /// `name`, the resource name and so the id.
    #[default]
    Name,
    /// `display_name`.
    DisplayName,
    /// `create_time`.
    CreateTime,
}

/// Why an `order_by` is refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OrderError {
    /// More than one field, separated by commas.
    #[error("order_by takes one field: keep the first and drop the comma and what follows it")]
    ManyFields,
    /// A field that lists are not sorted by.
    #[error("order_by cannot sort by this field: use name, display_name or create_time")]
    UnknownField,
    /// Something after the field that is no direction.
    #[error(
        "after the field order_by takes nothing, `asc` or `desc`: write for example `create_time desc`"
    )]
    UnknownDirection,
}

impl OrderBy {
    /// Reads `""` (the default), a field, or a field and `asc` or `desc`. Redundant white space is
    /// insignificant (AIP-132); `asc` is an extension of it.
    ///
    /// # Errors
    /// More than one field, an unknown field, an unknown direction.
    pub fn parse(text: &str) -> Result<Self, OrderError> {
        if text.contains(',') {
            return Err(OrderError::ManyFields);
        }
        let mut words = text.split_whitespace();
        let Some(field) = words.next() else {
            return Ok(Self::default());
        };
        let field = OrderField::parse(field).ok_or(OrderError::UnknownField)?;
        let descending = match (words.next(), words.next()) {
            (None | Some("asc"), None) => false,
            (Some("desc"), None) => true,
            _ => return Err(OrderError::UnknownDirection),
        };
        Ok(Self { field, descending })
    }
}

impl OrderField {
    fn parse(text: &str) -> Option<Self> {
        [Self::Name, Self::DisplayName, Self::CreateTime]
            .into_iter()
            .find(|field| field.as_str() == text)
    }

    /// The field's name in the API.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::DisplayName => "display_name",
            Self::CreateTime => "create_time",
        }
    }
}

/// The normal form: the field, and ` desc` if descending. Equal orders print alike.
impl fmt::Display for OrderBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.field.as_str())?;
        if self.descending {
            f.write_str(" desc")
        } else {
            Ok(())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_field_with_an_optional_direction_is_read() {
        for (text, field, descending) in [
            ("", OrderField::Name, false),
            ("  ", OrderField::Name, false),
            ("name", OrderField::Name, false),
            ("name desc", OrderField::Name, true),
            ("display_name", OrderField::DisplayName, false),
            (" display_name   desc ", OrderField::DisplayName, true),
            ("create_time asc", OrderField::CreateTime, false),
        ] {
            assert_eq!(
                OrderBy::parse(text),
                Ok(OrderBy { field, descending }),
                "{text:?}"
            );
        }
    }

    #[test]
    fn each_mistake_has_its_own_message() {
        for (text, error) in [
            ("name, display_name", OrderError::ManyFields),
            ("name,", OrderError::ManyFields),
            ("labels", OrderError::UnknownField),
            ("Name", OrderError::UnknownField),
            ("name DESC", OrderError::UnknownDirection),
            ("name desc desc", OrderError::UnknownDirection),
        ] {
            assert_eq!(OrderBy::parse(text), Err(error), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn what_is_accepted_prints_to_a_form_that_parses_back(
            text in "[a-z_]{0,12} ?(asc|desc)?|\\PC*|(name|create_time) *(desc)?",
        ) {
            if let Ok(order) = OrderBy::parse(&text) {
                prop_assert_eq!(OrderBy::parse(&order.to_string()), Ok(order));
            }
        }
    }
}
