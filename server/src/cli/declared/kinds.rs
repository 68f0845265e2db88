//! The kinds of things a file may declare: a row each, from which everything else follows.
//!
//! Which members a thing has, and which of them can be changed, stands in the admin API's own document (`schema`):
//! a new member of a thing is known here the moment it is there.
//!
//! To add a kind: its row in [`KINDS`], after the kinds that it refers to; a thing of it in `examples/tenant.toml` and
//! its row in `docs/cli.md`.

/// How things of one kind are named, reached and compared.
#[derive(Debug)]
pub(super) struct Kind {
    /// The section of the file: `[[resources]]`.
    pub(super) section: &'static str,
    /// One of them, in sentences.
    pub(super) word: &'static str,
    /// Below the tenant's path.
    pub(super) path: &'static str,
    /// The member by which a file and a tenant mean the same thing. It never changes.
    pub(super) key: &'static str,
    /// The member that paths name it by.
    pub(super) id: &'static str,
    /// Schemas of what makes one, changes one, and shows one.
    pub(super) new: &'static str,
    pub(super) changes: &'static str,
    pub(super) shown: &'static str,
    /// Lists whose order says nothing, and texts that are words with spaces between.
    pub(super) unordered: &'static [&'static str],
    /// Members that name things of kinds that come later: said once these are there.
    pub(super) late: &'static [&'static str],
    /// Members that hold the id of a resource in the API; a file has its identifier.
    pub(super) resource_ids: &'static [&'static str],
    /// Shown once, by the answer that makes one; and how another one is made.
    pub(super) secret: Option<(&'static str, &'static str)>,
    /// Only things whose member says this are anybody's to declare.
    pub(super) only: Option<(&'static str, &'static str)>,
    /// A tenant has one, from its beginning: `[quotas]` and not `[[quotas]]`.
    pub(super) is_single: bool,
    /// Said with a change, and none by themselves.
    pub(super) remarks: &'static [&'static str],
    /// Of a single one whose changes are versions: where a new one is posted, below the tenant's path.
    pub(super) versions: Option<&'static str>,
    /// The member that may stand in a file of its own, which `file` names.
    pub(super) text: Option<&'static str>,
}

/// What most kinds are not.
const PLAIN: Kind = Kind {
    section: "",
    word: "",
    path: "",
    key: "",
    id: "",
    new: "",
    changes: "",
    shown: "",
    unordered: &[],
    late: &[],
    resource_ids: &[],
    secret: None,
    only: None,
    is_single: false,
    remarks: &[],
    versions: None,
    text: None,
};

/// The one thing that every file has.
pub(super) static TENANT: Kind = Kind {
    section: "tenant",
    word: "tenant",
    path: "",
    key: "slug",
    id: "slug",
    new: "NewTenant",
    changes: "TenantChanges",
    shown: "Tenant",
    unordered: &[
        "registration_redirect_hosts",
        "registration_scopes",
        "client_document_domains",
        "private_use_redirect_uris",
    ],
    late: &["default_resource"],
    resource_ids: &["default_resource"],
    is_single: true,
    ..PLAIN
};

/// In the order in which they are made; they are removed in the opposite one.
pub(super) static KINDS: &[Kind] = &[
    Kind {
        section: "resources",
        word: "resource",
        path: "resources",
        key: "identifier",
        id: "id",
        new: "NewResource",
        changes: "ResourceChanges",
        shown: "Resource",
        unordered: &["aliases"],
        ..PLAIN
    },
    Kind {
        section: "clients",
        word: "client",
        path: "clients",
        key: "client_id",
        id: "client_id",
        new: "NewClient",
        changes: "ClientChanges",
        shown: "Client",
        unordered: &[
            "redirect_uris",
            "grant_types",
            "response_types",
            "post_logout_redirect_uris",
            "resources",
            "scope",
        ],
        secret: Some(("client_secret", "writ client secret create")),
        // The others came by themselves.
        only: Some(("origin", "static")),
        ..PLAIN
    },
    Kind {
        section: "groups",
        word: "group",
        path: "groups",
        key: "name",
        id: "name",
        new: "NewGroup",
        changes: "GroupChanges",
        shown: "Group",
        ..PLAIN
    },
    Kind {
        section: "policies",
        word: "policies of tenant",
        path: "policies",
        new: "NewPolicyVersion",
        changes: "NewPolicyVersion",
        shown: "PolicyVersionWithText",
        // Those that come with Writ are nobody's to declare.
        only: Some(("is_default", "false")),
        is_single: true,
        remarks: &["note"],
        versions: Some("policies/versions"),
        text: Some("text"),
        ..PLAIN
    },
    Kind {
        section: "webhooks",
        word: "webhook",
        path: "webhooks",
        key: "name",
        id: "id",
        new: "NewWebhook",
        changes: "WebhookChanges",
        shown: "Webhook",
        unordered: &["events"],
        secret: Some(("secret", "writ webhook rotate-secret")),
        ..PLAIN
    },
    Kind {
        section: "quotas",
        word: "quotas of tenant",
        path: "quotas",
        new: "QuotaChanges",
        changes: "QuotaChanges",
        shown: "Quotas",
        is_single: true,
        ..PLAIN
    },
];

/// The kind of a section.
#[cfg(test)]
pub(super) fn find(section: &str) -> Option<&'static Kind> {
    KINDS.iter().find(|kind| kind.section == section)
}

impl Kind {
    /// Whether a thing of the tenant is one that a file may declare.
    pub(super) fn is_declared(&self, thing: &serde_json::Map<String, serde_json::Value>) -> bool {
        self.only
            .is_none_or(|(member, wanted)| match thing.get(member) {
                Some(serde_json::Value::String(text)) => text == wanted,
                Some(serde_json::Value::Bool(is_so)) => wanted.parse() == Ok(*is_so),
                _ => false,
            })
    }
}

impl PartialEq for Kind {
    fn eq(&self, other: &Self) -> bool {
        self.section == other.section
    }
}
