//! The forms of a page, filled and submitted as a browser without scripts would.

use scraper::{ElementRef, Html, Selector};
use url::Url;

/// A form with what its controls hold now.
#[derive(Debug, Clone)]
pub struct Form {
    pub action: Url,
    pub method: String,
    pub fields: Vec<(String, String)>,
    buttons: Vec<(String, String)>,
}

impl Form {
    /// Every form of a page.
    pub fn all(html: &str, page: &Url) -> Vec<Self> {
        let document = Html::parse_document(html);
        document
            .select(&selector("form"))
            .map(|form| Self::read(form, page))
            .collect()
    }

    fn read(form: ElementRef<'_>, page: &Url) -> Self {
        // HTML §4.10.21.3: an absent or empty action is the page itself.
        let action = form.attr("action").filter(|action| !action.is_empty());
        let action = action.map_or_else(|| page.clone(), |action| page.join(action).unwrap());
        let method = form.attr("method").unwrap_or("get").to_ascii_lowercase();
        let mut fields = Vec::new();
        let mut buttons = Vec::new();
        for control in form.select(&selector("input, textarea, button")) {
            let Some(name) = control.attr("name").filter(|name| !name.is_empty()) else {
                continue;
            };
            let value = control.attr("value").unwrap_or_default();
            let kind = control.attr("type").unwrap_or("text");
            let pair = (name.to_owned(), value.to_owned());
            match (control.value().name(), kind) {
                ("button", _) | (_, "submit") => buttons.push(pair),
                (_, "checkbox" | "radio") if control.attr("checked").is_none() => {}
                _ => fields.push(pair),
            }
        }
        Self {
            action,
            method,
            fields,
            buttons,
        }
    }

    pub fn has(&self, name: &str) -> bool {
        self.fields.iter().any(|(field, _)| field == name)
    }

    pub fn has_button(&self, name: &str, value: &str) -> bool {
        self.buttons
            .iter()
            .any(|(button, text)| button == name && text == value)
    }

    /// What a field holds now.
    #[track_caller]
    pub fn value(&self, name: &str) -> &str {
        let found = self.fields.iter().find(|(field, _)| field == name);
        found.map_or_else(
            || panic!("no field {name} in {self:?}"),
            |(_, value)| value.as_str(),
        )
    }

    /// Takes a field out, as no page of ours would.
    pub fn without(mut self, name: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self
    }

    /// Writes into a field.
    pub fn fill(mut self, name: &str, value: &str) -> Self {
        self.fields.retain(|(field, _)| field != name);
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Takes the tick from a box.
    pub fn untick(mut self, name: &str, value: &str) -> Self {
        self.fields
            .retain(|(field, text)| field != name || text != value);
        self
    }

    /// Presses a button that carries a value.
    pub fn press(mut self, name: &str, value: &str) -> Self {
        assert!(
            self.has_button(name, value),
            "no button {name}={value} in {self:?}"
        );
        self.fields.push((name.to_owned(), value.to_owned()));
        self
    }
}

fn selector(text: &str) -> Selector {
    Selector::parse(text).unwrap()
}
