//! The operator's way into a sandbox's world.

use std::sync::Arc;

use operator::services::Services;
use sandbox::world::{BUCKET, CUSTOMER, SECRET_ID, Vendors};
use shared::settings::env::PollEnvironment;
use shared::store::Bucket;

use crate::trip::Trip;

pub(crate) fn bucket(trip: &Trip) -> Bucket {
    Bucket::connect(&trip.world.aws.sdk_config(), BUCKET)
}

pub(crate) fn services(trip: &Trip) -> Services {
    let world = &trip.world;
    let environment = PollEnvironment {
        bucket: BUCKET.to_owned(),
        customer: CUSTOMER.into(),
        secret_id: SECRET_ID.to_owned(),
        topic_arn: None,
    };
    let wire = Vendors::new(Arc::clone(&world.gigya), world.constant_contact.clone());
    Services::over(&environment, &world.aws.sdk_config(), Arc::new(wire), world.clock)
}
