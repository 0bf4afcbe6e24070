//! A document whose filters and routes have been converted: why the result must not be used, and how
//! its behaviour differs.

use super::{
    difference::{Deviation, Difference},
    filter::Carried,
    obstacle::{NotCarried, Obstacle},
    rewrite::Target,
    rollout::Guard,
    route::Routes,
    search::Found,
    surroundings::{self, Surroundings},
    unsettled::Unsettled,
};
use portcullis::config::ConfigPath;

/// A document whose filters and routes have been converted.
pub(super) struct Converted<'a> {
    /// The `jwt_authn` filters of the document.
    pub(super) filters: &'a [Found<'a>],
    /// The configurations that replace the filters.
    pub(super) carried: &'a [Carried],
    pub(super) surroundings: &'a Surroundings,
    /// The build of the module that replaces the filters; `None` if the document is not rewritten.
    pub(super) target: Option<Target<'a>>,
    pub(super) routes: &'a Routes<'a>,
    /// Whether the filters set headers for the upstream.
    pub(super) sets_headers: bool,
    pub(super) unsettled: Unsettled,
}

impl Converted<'_> {
    /// Checks that the rewritten document would protect the same requests.
    pub(super) fn check(&self) -> Result<(), NotCarried> {
        if let Some(target) = self.target {
            check_readers(self.surroundings, target, self.carried)?;
        }
        if let (1.., Some(at)) = (self.routes.overrides, self.surroundings.modules.first()) {
            let (at, reason) = (at.clone(), Obstacle::OtherModule);
            return Err(NotCarried { at, reason });
        }
        // If the filters are in another file, it is not known which headers they edit.
        if let (false, Some(_), Some(at)) = (
            self.filters.is_empty(),
            self.target,
            self.unsettled.certain.first(),
        ) {
            let (at, reason) = (at.clone(), Obstacle::UnsettledRoute);
            return Err(NotCarried { at, reason });
        }
        Ok(())
    }

    /// The differences outside the filters, except those that the conversion of the routes found.
    pub(super) fn differences(&self) -> Vec<Difference> {
        let top = ConfigPath::default;
        let (surroundings, routes) = (self.surroundings, self.routes);
        let mut differences = around(surroundings, self.target.is_some());
        let mut add = |at: ConfigPath, what: Deviation| differences.push(Difference { at, what });
        if surroundings.is_apart && routes.marked > 0 {
            let guards = surroundings.guards().iter().map(Guard::name).collect();
            add(top(), Deviation::GuardsLifted { guards });
        }
        let Unsettled { certain, perhaps } = &self.unsettled;
        if let Some(filter) = self.filters.first() {
            for at in certain.iter().chain(perhaps) {
                add(at.clone(), Deviation::UnsettledRoute);
            }
            if routes.overrides > 0 && self.sets_headers {
                add(filter.at.clone(), Deviation::SentHeaders);
            }
        } else if let Some(at) = certain.first() {
            // The filters are in another file, so it is not known which headers they edit.
            let places = certain.len();
            add(at.clone(), Deviation::PerhapsUnsettledRoutes { places });
        }
        if surroundings.is_apart && routes.overrides > 0 {
            add(top(), Deviation::MetadataForAll);
        }
        differences
    }
}

/// Refuses a document in which the decision of an RBAC filter, a route or a matcher depends on the
/// dynamic metadata of `jwt_authn`, unless the new filters write the same metadata.
fn check_readers(
    surroundings: &Surroundings,
    target: Target<'_>,
    carried: &[Carried],
) -> Result<(), NotCarried> {
    let is_native = matches!(target, Target::Native(_));
    if is_native && writes_as_jwt_authn(carried) {
        return Ok(());
    }
    let reason = |wasm: Obstacle| match is_native {
        true => Obstacle::UncertainMetadata,
        false => wasm,
    };
    let denials = surroundings.denials.iter();
    let denials = denials.map(|at| (at, reason(Obstacle::DenialByMetadata)));
    let choices = surroundings.choices.iter();
    let choices = choices.map(|at| (at, reason(Obstacle::ChoiceByMetadata)));
    match denials.chain(choices).next() {
        Some((at, reason)) => Err(NotCarried {
            at: at.clone(),
            reason,
        }),
        None => Ok(()),
    }
}

/// Whether the dynamic module is certain to write the same metadata as the replaced filters. The
/// module writes the same metadata for verified tokens. But it describes failures in other words,
/// and writes nothing about unverified tokens.
fn writes_as_jwt_authn(carried: &[Carried]) -> bool {
    const DIFFERENT: [&str; 2] = [
        "failed_status_in_metadata",
        "extract_only_without_validation",
    ];
    let differs = |one: &Carried| {
        let mut names = DIFFERENT.iter();
        names.any(|name| surroundings::mentions(&one.configuration, name))
    };
    !carried.is_empty() && !carried.iter().any(differs)
}

/// The differences caused by parts of the document outside the filters.
fn around(surroundings: &Surroundings, is_rewritten: bool) -> Vec<Difference> {
    let difference = |at: &ConfigPath, what: Deviation| {
        let at = at.clone();
        Difference { at, what }
    };
    let denials = surroundings.denials.iter();
    let mut differences: Vec<Difference> = denials
        .map(|at| difference(at, Deviation::DenialUnwritten))
        .collect();
    let choices = surroundings.choices.iter();
    differences.extend(choices.map(|at| difference(at, Deviation::ChoiceUnwritten)));
    if !surroundings.routes_elsewhere.is_empty() {
        let modules = surroundings.modules.iter();
        differences.extend(modules.map(|at| difference(at, Deviation::MetadataForAll)));
    }
    let readers = surroundings.metadata_readers.iter();
    differences.extend(readers.map(|at| difference(at, Deviation::MetadataUnwritten)));
    let elsewhere = surroundings.routes_elsewhere.iter();
    for elsewhere in elsewhere {
        let what = match is_rewritten {
            false => Deviation::RoutesElsewhere,
            true => Deviation::RoutesGuarded,
        };
        differences.push(difference(&elsewhere.at, what));
        if is_rewritten && elsewhere.guards.len() > 1 {
            let guards = elsewhere.guards.iter().map(Guard::name).collect();
            differences.push(difference(
                &elsewhere.at,
                Deviation::SeveralGuards { guards },
            ));
        }
    }
    if is_rewritten {
        differences.push(difference(&ConfigPath::default(), Deviation::CommentsLost));
    }
    differences
}
