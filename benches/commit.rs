//! What a durable commit costs, alone and in groups: one write and one fdatasync to the journal a
//! group, with the index written behind it.

use std::time::{Duration, Instant};

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sereno_actors::store::disk::{DiskOptions, DiskStore};
use sereno_actors::store::{Batch, Partition, Store};

/// The rows of one event: itself, its id, a state and a timer.
fn event(number: u64) -> Batch {
    let mut batch = Batch::new(Partition(1));
    let scattered = number.wrapping_mul(0x9E37_79B9_7F4A_7C15).to_be_bytes();
    batch.put([&b"E"[..], &number.to_be_bytes()].concat(), vec![7; 500]);
    batch.put([&b"I"[..], &scattered].concat(), number.to_be_bytes().to_vec());
    batch.put([&b"S"[..], &scattered].concat(), vec![7; 250]);
    batch.put([&b"T"[..], &scattered].concat(), vec![7; 12]);
    batch
}

fn commits(criterion: &mut Criterion) {
    let directory = tempfile::tempdir().expect("a directory for the bench");
    let store =
        DiskStore::open(directory.path(), DiskOptions::default()).expect("a fresh store opens");
    let mut number = 0;
    let mut group = criterion.benchmark_group("durable commit of 4 rows an event");
    group.measurement_time(Duration::from_secs(5)).sample_size(10);
    for size in [1_u64, 32, 512] {
        group.throughput(Throughput::Elements(size));
        group.bench_function(BenchmarkId::new("events in a group", size), |bench| {
            bench.iter_custom(|rounds| {
                let mut spent = Duration::ZERO;
                for _ in 0..rounds {
                    let batches: Vec<Batch> = (number..number + size).map(event).collect();
                    number += size;
                    let began = Instant::now();
                    store.commit(batches).expect("the disk takes it");
                    spent += began.elapsed();
                }
                spent
            });
        });
    }
    group.finish();
}

criterion_group!(benches, commits);
criterion_main!(benches);
