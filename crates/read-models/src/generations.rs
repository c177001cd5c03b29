//! Which generation of a read model serves.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::RwLock;
use plaudit_event::TenantId;
use plaudit_store::Generation;

/// The serving generation of each read model: one for all tenants, and others for tenants that were rebuilt by themselves.
/// A shared handle: clones see the same map. The projector writes it, queries read it.
#[derive(Clone, Debug, Default)]
pub struct Generations(Arc<RwLock<Map>>);

#[derive(Debug, Default)]
struct Map {
    all: HashMap<&'static str, Generation>,
    of_tenant: HashMap<(&'static str, TenantId), Generation>,
}

impl Generations {
    /// The generation of `model` that answers for `tenant`.
    #[must_use]
    pub fn serving(&self, model: &'static str, tenant: &TenantId) -> Generation {
        let map = self.0.read();
        let of_tenant = map.of_tenant.get(&(model, tenant.clone()));
        of_tenant.or_else(|| map.all.get(model)).copied().unwrap_or_default()
    }

    /// Lets `generation` of `model` serve: for one tenant, or for all, which ends what tenants had of their own.
    pub fn serve(&self, model: &'static str, tenant: Option<&TenantId>, generation: Generation) {
        let mut map = self.0.write();
        match tenant {
            Some(tenant) => {
                map.of_tenant.insert((model, tenant.clone()), generation);
            }
            None => {
                map.of_tenant.retain(|(name, _), _| *name != model);
                map.all.insert(model, generation);
            }
        }
    }
}
