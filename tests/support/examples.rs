//! The example configurations in the documentation and in `envoy/`.

#![allow(
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "only tests use this module, and they must fail if an example cannot be read"
)]
#![allow(dead_code, reason = "each test file uses only some of these functions")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde_json::Value;

/// A configuration in a code block of the documentation.
pub struct Example {
    pub file: String,
    line: usize,
    language: String,
    pub is_refused: bool,
    text: String,
}

impl Example {
    /// The page and the line of the code block, for messages.
    pub fn place(&self) -> String {
        format!("{}:{}", self.file, self.line)
    }

    /// The parsed configuration.
    pub fn document(&self) -> Value {
        let place = self.place();
        match self.language.as_str() {
            "json" => {
                serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{place}: {error}"))
            }
            _ => serde_saphyr::from_str(&self.text)
                .unwrap_or_else(|error| panic!("{place}: {error}")),
        }
    }
}

/// Every configuration in the documentation.
pub fn of_the_documentation() -> Vec<Example> {
    pages().iter().flat_map(|page| examples(page)).collect()
}

/// The Portcullis configurations inside the Envoy configurations in `envoy/`. Each comes with the
/// name of its file.
pub fn of_envoy() -> Vec<(String, Value)> {
    let folder = crate::folders::project().join("envoy");
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "yaml")
        {
            let text = fs::read_to_string(&path).unwrap();
            let document: Value = serde_saphyr::from_str(&text)
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
            collect(&document, &mut |value| {
                found.push((path.display().to_string(), value.clone()));
            });
        }
    }
    found
}

/// Collects every `Struct` that contains rules.
fn collect(document: &Value, found: &mut dyn FnMut(&Value)) {
    match document {
        Value::Object(members) => {
            if let Some(value) = members
                .get("value")
                .filter(|value| value["rules"].is_array())
            {
                found(value);
            }
            members.values().for_each(|member| collect(member, found));
        }
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, found)),
        _ => {}
    }
}

fn pages() -> Vec<PathBuf> {
    let root = crate::folders::project();
    let mut pages = vec![root.join("README.md")];
    for folder in ["docs", "docs/providers"] {
        for entry in fs::read_dir(root.join(folder)).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "md") {
                pages.push(path);
            }
        }
    }
    pages.retain(|page| page.exists());
    pages
}

fn examples(page: &Path) -> Vec<Example> {
    let text = fs::read_to_string(page).unwrap();
    let mut found: Vec<Example> = Vec::new();
    // `None` outside code blocks. Inside, `Some(true)` means that the block is a configuration.
    let mut fence: Option<bool> = None;
    for (index, line) in text.lines().enumerate() {
        let info = line.trim_start().strip_prefix("```");
        match (fence, info) {
            (Some(_), Some(_)) => fence = None,
            (None, Some(info)) => {
                let words: Vec<&str> = info.split_whitespace().collect();
                let is_configuration = matches!(
                    words[..],
                    ["yaml" | "json", "portcullis"] | ["yaml" | "json", "portcullis", "refused"]
                );
                fence = Some(is_configuration);
                if is_configuration {
                    found.push(Example {
                        file: page.display().to_string(),
                        line: index.saturating_add(1),
                        language: words[0].to_owned(),
                        is_refused: words.len() == 3,
                        text: String::new(),
                    });
                }
            }
            (Some(true), None) => {
                let example = found.last_mut().unwrap();
                example.text.push_str(line);
                example.text.push('\n');
            }
            (Some(false) | None, None) => {}
        }
    }
    found
}
