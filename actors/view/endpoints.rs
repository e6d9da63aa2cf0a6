//! A tenant's endpoints, which every step of every delivery looks up.

use std::sync::Arc;

use sereno_workflows::id::EndpointId;

use crate::endpoint::config::Endpoint;

/// Endpoints in the order of their ids.
///
/// Ids are given one after the other, so an endpoint stands as far from the first as its id says, or before that by as
/// many as were deleted in between: it is mostly found at the first look, among ten thousand too.
#[derive(Debug, Clone, Default)]
pub struct Endpoints(Vec<(EndpointId, Arc<Endpoint>)>);

impl Endpoints {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether there is one with this id.
    pub fn contains_key(&self, id: &EndpointId) -> bool {
        self.place(*id).is_ok()
    }

    /// The one with this id.
    pub fn get(&self, id: &EndpointId) -> Option<&Arc<Endpoint>> {
        let place = self.place(*id).ok()?;
        self.0.get(place).map(|(_, endpoint)| endpoint)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, id: &EndpointId) -> Option<&mut Arc<Endpoint>> {
        let place = self.place(*id).ok()?;
        self.0.get_mut(place).map(|(_, endpoint)| endpoint)
    }

    /// Adds one, or puts it in the place of the one with its id.
    pub fn insert(&mut self, endpoint: Arc<Endpoint>) {
        match self.get_mut(&endpoint.id) {
            Some(there) => *there = endpoint,
            None => {
                let (Ok(place) | Err(place)) = self.place(endpoint.id);
                self.0.insert(place, (endpoint.id, endpoint));
            }
        }
    }

    /// Takes out the one with this id.
    pub fn remove(&mut self, id: &EndpointId) {
        if let Ok(place) = self.place(*id) {
            self.0.remove(place);
        }
    }

    /// Each with its id.
    pub fn iter(&self) -> impl Iterator<Item = (EndpointId, &Arc<Endpoint>)> {
        self.0.iter().map(|(id, endpoint)| (*id, endpoint))
    }

    /// Those after this one.
    pub fn after(&self, id: EndpointId) -> impl Iterator<Item = &Arc<Endpoint>> {
        let next = match self.place(id) {
            Ok(place) => place + 1,
            Err(place) => place,
        };
        self.values().skip(next)
    }

    /// All ids.
    pub fn ids(&self) -> impl Iterator<Item = EndpointId> {
        self.iter().map(|(id, _)| id)
    }

    /// All endpoints.
    pub fn values(&self) -> impl Iterator<Item = &Arc<Endpoint>> {
        self.0.iter().map(|(_, endpoint)| endpoint)
    }

    /// Where an id stands, or where it would.
    fn place(&self, id: EndpointId) -> Result<usize, usize> {
        let Some((first, _)) = self.0.first() else { return Err(0) };
        let Some(distance) = id.0.checked_sub(first.0) else { return Err(0) };
        let furthest = usize::try_from(distance).unwrap_or(usize::MAX);
        if self.0.get(furthest).is_some_and(|(there, _)| *there == id) {
            return Ok(furthest);
        }
        let before = self.0.get(..furthest).unwrap_or(&self.0);
        before.binary_search_by_key(&id, |(id, _)| *id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use sereno_workflows::secrets::Secrets;
    use sereno_workflows::time::Timestamp;

    use super::*;
    use crate::channel::{ChannelConfig, Channels};
    use crate::endpoint::config::Saving;

    fn endpoint(id: u32) -> Arc<Endpoint> {
        let channels = Channels::new(ChannelConfig::default()).unwrap();
        let secrets = Secrets::default();
        let saving = Saving { now: Timestamp(0), channels: &channels, secrets: &secrets };
        let body = json!({"kind": "email", "target": format!("{id}@example.com")});
        let body = body.as_object().unwrap().clone();
        Arc::new(Endpoint::create(EndpointId(id), body, &saving).unwrap())
    }

    fn ids(endpoints: &Endpoints) -> Vec<u32> {
        endpoints.ids().map(|id| id.0).collect()
    }

    #[test]
    fn each_is_found_whatever_was_deleted_before_and_after_it() {
        let mut endpoints = Endpoints::default();
        for id in [7, 3, 5, 4, 9, 6] {
            endpoints.insert(endpoint(id));
        }
        endpoints.remove(&EndpointId(4));
        endpoints.remove(&EndpointId(8));
        assert_eq!((ids(&endpoints), endpoints.len()), (vec![3, 5, 6, 7, 9], 5));
        for id in 0..12 {
            let found = endpoints.get(&EndpointId(id)).map(|found| found.id.0);
            assert_eq!(found, [3, 5, 6, 7, 9].contains(&id).then_some(id));
            let after: Vec<_> = endpoints.after(EndpointId(id)).map(|found| found.id.0).collect();
            assert_eq!(
                after,
                [3, 5, 6, 7, 9].into_iter().filter(|&one| one > id).collect::<Vec<_>>()
            );
        }
        assert!(endpoints.get(&EndpointId::CUSTOMERS).is_none());
    }

    #[test]
    fn one_takes_the_place_of_the_one_with_its_id() {
        let mut endpoints = Endpoints::default();
        assert!(endpoints.is_empty() && endpoints.get(&EndpointId(1)).is_none());
        endpoints.insert(endpoint(1));
        let other = endpoint(1);
        endpoints.insert(Arc::clone(&other));
        assert_eq!(endpoints.len(), 1);
        assert!(endpoints.values().all(|one| Arc::ptr_eq(one, &other)));
    }
}
