//! What an event's data says about products and orders.

use serde_json::{Map, Value};

use super::talk::{PRODUCTS_NAMED_MAX, object, sku};
use super::{number, owned, text};
use crate::id::ID_BYTES_MAX;
use crate::invalid::Invalid;
use crate::lead::{Who, short};
use crate::product::Price;

/// What happened to products or with them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Commerce {
    /// So many are left of each.
    Stock(Vec<Stocked>),
    /// A price changed.
    Price {
        /// The product.
        product: Named,
        /// What it cost.
        old: Price,
        /// What it costs.
        new: Price,
    },
    /// A product is offered.
    Added(Named),
    /// A product is no longer offered.
    Removed(Named),
    /// An order was paid and is complete.
    Ordered(Order),
}

/// A product by its number in the shop, and its name where it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named {
    /// Its number.
    pub sku: String,
    /// Its name.
    pub name: Option<String>,
}

/// How many of a product are left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stocked {
    /// The product.
    pub product: Named,
    /// How many.
    pub left: u64,
}

/// An order that is complete.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Order {
    /// The caller's id of it.
    pub order_id: Option<String>,
    /// The conversation that it came of.
    pub conversation_id: Option<String>,
    /// Who bought.
    pub who: Who,
}

impl Commerce {
    /// Reads what an event of this type says, if it is one about products and orders.
    ///
    /// An addition or removal that names no product is nobody's matter here, and goes through.
    pub fn of(event_type: &str, data: &Map<String, Value>) -> Result<Option<Self>, Invalid> {
        Ok(match event_type {
            "inventory.updated" => Some(Self::Stock(stock(data)?)),
            "price.changed" => Some(price(data)?),
            "product.added" => named(data)?.map(Self::Added),
            "product.removed" => named(data)?.map(Self::Removed),
            "order.completed" => Some(Self::Ordered(Order {
                order_id: id(data, "order_id")?,
                conversation_id: id(data, "conversation_id")?,
                who: buyer(data)?,
            })),
            _ => None,
        })
    }
}

fn stock(data: &Map<String, Value>) -> Result<Vec<Stocked>, Invalid> {
    let items = match data.get("products") {
        None | Some(Value::Null) => return stocked(data).map(|one| vec![one]),
        Some(Value::Array(items)) => items,
        Some(_) => return Err(Invalid::new("products", "must be an array of products")),
    };
    if items.len() > PRODUCTS_NAMED_MAX {
        let problem = format!("at most {PRODUCTS_NAMED_MAX} products in one event");
        return Err(Invalid::new("products", problem));
    }
    let each = items.iter().enumerate().map(|(index, item)| {
        let place = format!("products[{index}]");
        match item {
            Value::Object(item) => stocked(item).map_err(|invalid| invalid.inside(&place)),
            _ => Err(Invalid::new(place, "must be an object with sku and new_stock")),
        }
    });
    each.collect()
}

fn stocked(item: &Map<String, Value>) -> Result<Stocked, Invalid> {
    let product = named(item)?.ok_or_else(|| Invalid::new("sku", "is missing"))?;
    let problem = "must be how many are left, a whole number";
    let left = item.get("new_stock").ok_or_else(|| Invalid::new("new_stock", "is missing"))?;
    let whole = left.as_f64().filter(|left| *left >= 0.0 && left.fract() == 0.0);
    let left = left.as_u64().or(whole.and_then(|left| format!("{left:.0}").parse().ok()));
    Ok(Stocked { product, left: left.ok_or_else(|| Invalid::new("new_stock", problem))? })
}

fn price(data: &Map<String, Value>) -> Result<Commerce, Invalid> {
    let product = named(data)?.ok_or_else(|| Invalid::new("product.sku", "is missing"))?;
    let (old, new) = (amount(data, "old_price")?, amount(data, "new_price")?);
    Ok(Commerce::Price { product, old, new })
}

/// The product of `product: {sku, name}`, or of the data itself.
fn named(data: &Map<String, Value>) -> Result<Option<Named>, Invalid> {
    let (product, inside) = match object(data, "product")? {
        Some(product) => (product, true),
        None => (data, false),
    };
    let own = |invalid: Invalid| if inside { invalid.inside("product") } else { invalid };
    let found = match inside {
        true => sku(product).map_err(own)?,
        // Beside a product's own fields an id is the event's, or anything's.
        false => id(product, "sku")?,
    };
    let name = product.get("name").and_then(Value::as_str).and_then(short);
    Ok(found.map(|sku| Named { sku, name }))
}

/// What comes in has at most so much, which a number holds to the ten-thousandth.
const AMOUNT_MAX: f64 = 900_000_000_000.0;

fn amount(data: &Map<String, Value>, field: &str) -> Result<Price, Invalid> {
    let value = match data.get(field) {
        None | Some(Value::Null) => return Err(Invalid::new(field, "is missing")),
        Some(Value::String(text)) => text.trim().parse().ok(),
        Some(other) => other.as_f64(),
    };
    let value = value.filter(|value: &f64| (0.0..=AMOUNT_MAX).contains(value));
    let problem = "must be a price, a number of 0 or more";
    let value = value.ok_or_else(|| Invalid::new(field, problem))?;
    Ok(Price::of(value))
}

/// Who bought: as in other events, or under `customer_phone`.
fn buyer(data: &Map<String, Value>) -> Result<Who, Invalid> {
    let who = Who::of(data)?;
    let phone = match who.phone {
        Some(phone) => Some(phone),
        None => number(data, "customer_phone")?,
    };
    Ok(Who { phone, ..who })
}

fn id(data: &Map<String, Value>, field: &str) -> Result<Option<String>, Invalid> {
    if let Some(Value::Number(number)) = data.get(field) {
        return Ok(Some(number.to_string()));
    }
    let Some(found) = text(data, field, ID_BYTES_MAX)?.filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    crate::id::checked(found).map(Some).map_err(|error| Invalid::new(field, error.to_string()))
}

/// What a customer set at WhatsApp, or at the caller's, about being written to unasked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Preference {
    /// Who.
    pub who: Who,
    /// Whether they want it.
    pub wanted: bool,
}

impl Preference {
    /// Reads `value: "stop"` or `"resume"` of who is named.
    pub fn of(data: &Map<String, Value>) -> Result<Option<Self>, Invalid> {
        let who = Who::of(data)?;
        let wanted = match owned(data, "value")?.as_deref() {
            Some("stop") => false,
            Some("resume") => true,
            Some(_) | None => return Ok(None),
        };
        Ok(who.is_known().then_some(Self { who, wanted }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(event_type: &str, data: Value) -> Result<Option<Commerce>, Invalid> {
        Commerce::of(event_type, data.as_object().unwrap())
    }

    #[test]
    fn b06_b07_stock_and_prices_are_read_in_both_forms() {
        let item = |sku: &str, name: Option<&str>, left| Stocked {
            product: Named { sku: sku.into(), name: name.map(str::to_owned) },
            left,
        };
        let many = json!({"products": [{"sku": "A", "new_stock": 0, "availability": "out"},
            {"sku": 7, "name": "Vestido", "new_stock": 3.0}]});
        let expected = Commerce::Stock(vec![item("A", None, 0), item("7", Some("Vestido"), 3)]);
        assert_eq!(read("inventory.updated", many), Ok(Some(expected)));
        let one = json!({"sku": "A", "new_stock": 2, "availability": true});
        let expected = Commerce::Stock(vec![item("A", None, 2)]);
        assert_eq!(read("inventory.updated", one), Ok(Some(expected)));
        let price = json!({"product": {"sku": "A", "name": "Vestido"}, "old_price": "100.50",
            "new_price": 80});
        let Ok(Some(Commerce::Price { product, old, new })) = read("price.changed", price) else {
            panic!()
        };
        assert_eq!((old, new), (Price(1_005_000), Price(800_000)));
        assert_eq!(product.name.as_deref(), Some("Vestido"));
        assert_eq!(read("product.added", json!({"id": 1})), Ok(None), "goes through");
        assert!(matches!(read("product.removed", json!({"sku": "A"})), Ok(Some(_))));
        assert_eq!(read("order.created", json!({})), Ok(None));
    }

    #[test]
    fn b06_b07_what_cannot_be_meant_is_refused_by_name() {
        let many: Vec<Value> = (0..501).map(|n| json!({"sku": n, "new_stock": 1})).collect();
        for (event_type, data, field) in [
            ("inventory.updated", json!({}), "sku"),
            ("inventory.updated", json!({"products": {}}), "products"),
            ("inventory.updated", json!({"products": many}), "products"),
            ("inventory.updated", json!({"products": [5]}), "products[0]"),
            ("inventory.updated", json!({"products": [{"new_stock": 1}]}), "products[0].sku"),
            (
                "inventory.updated",
                json!({"products": [{"sku": "A", "new_stock": "3"}]}),
                "products[0].new_stock",
            ),
            (
                "inventory.updated",
                json!({"products": [{"sku": "A", "new_stock": -1}]}),
                "products[0].new_stock",
            ),
            ("inventory.updated", json!({"sku": "A", "new_stock": 1.5}), "new_stock"),
            ("price.changed", json!({"old_price": 1, "new_price": 1}), "product.sku"),
            ("price.changed", json!({"sku": "A", "old_price": 1}), "new_price"),
            ("price.changed", json!({"sku": "A", "old_price": -1, "new_price": 0}), "old_price"),
            (
                "price.changed",
                json!({"product": {"sku": []}, "old_price": 1, "new_price": 1}),
                "product.sku",
            ),
            ("order.completed", json!({"conversation_id": []}), "conversation_id"),
            ("order.completed", json!({"customer_phone": "x"}), "customer_phone"),
        ] {
            let found = read(event_type, data.clone()).unwrap_err().field;
            assert_eq!(found, field, "{data}");
        }
    }
}
