//! Rows that no request waits for: a bounded queue, written to PostgreSQL in batches.
//!
//! When PostgreSQL cannot keep up, rows are dropped and counted rather than memory filled or requests held up.
//!
//! Not here: what a row is, and which are wanted; their owners say it (`audit::batcher`, `decisions::recorder`).

use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use store::StoreError;
use tokio::sync::{Notify, mpsc};
use tokio::time::interval;

const MOST_PER_BATCH: usize = 1_000;
const FLUSH_INTERVAL: Duration = Duration::from_millis(500);
/// A batch that cannot be written while PostgreSQL is away is tried again this often before it is given up.
const ATTEMPTS: u32 = 20;
/// Of a batch that is written row by row.
const MOST_FAILURES_IN_A_ROW: usize = 20;

/// The queue of one kind of rows.
pub struct Batches<T> {
    sender: mpsc::Sender<T>,
    receiver: Mutex<Option<mpsc::Receiver<T>>>,
    stop: Notify,
}

/// Whose rows they are.
pub trait BatchWriter<T>: Sync {
    /// All of them, or none.
    fn write(&self, rows: &[T]) -> impl Future<Output = Result<(), StoreError>> + Send;

    /// So many were given up.
    fn lose(&self, rows: usize, error: &StoreError);
}

impl<T: Send + Sync> Batches<T> {
    /// With room for so many rows that wait.
    pub fn new(most_waiting: usize) -> Self {
        let (sender, receiver) = mpsc::channel(most_waiting);
        Self {
            sender,
            receiver: Mutex::new(Some(receiver)),
            stop: Notify::new(),
        }
    }

    /// Never waits; false where there is no room.
    #[must_use]
    pub fn put(&self, row: T) -> bool {
        self.sender.try_send(row).is_ok()
    }

    /// Writes batches until stopped, then what is left. Once.
    pub async fn run(&self, writer: &impl BatchWriter<T>) {
        let taken = self
            .receiver
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        let Some(mut receiver) = taken else {
            return;
        };
        let mut ticks = interval(FLUSH_INTERVAL);
        loop {
            let is_last = tokio::select! {
                _ = ticks.tick() => false,
                () = self.stop.notified() => true,
            };
            flush(writer, &mut receiver, if is_last { 1 } else { ATTEMPTS }).await;
            if is_last {
                return;
            }
        }
    }

    pub fn stop(&self) {
        self.stop.notify_one();
    }
}

async fn flush<T: Send + Sync>(
    writer: &impl BatchWriter<T>,
    receiver: &mut mpsc::Receiver<T>,
    attempts: u32,
) {
    loop {
        let mut batch = Vec::new();
        while batch.len() < MOST_PER_BATCH
            && let Ok(row) = receiver.try_recv()
        {
            batch.push(row);
        }
        if batch.is_empty() {
            return;
        }
        write(writer, &batch, attempts).await;
    }
}

async fn write<T: Send + Sync>(writer: &impl BatchWriter<T>, batch: &[T], attempts: u32) {
    let Err(error) = try_write(writer, batch, attempts).await else {
        return;
    };
    if error.is_unavailable() {
        writer.lose(batch.len(), &error);
        return;
    }
    // One that cannot be written takes no other along; where none can, that is soon seen.
    let (mut lost, mut in_a_row) = (0, 0);
    for (number, row) in batch.iter().enumerate() {
        if try_write(writer, std::slice::from_ref(row), 1)
            .await
            .is_ok()
        {
            in_a_row = 0;
            continue;
        }
        lost += 1;
        in_a_row += 1;
        if in_a_row == MOST_FAILURES_IN_A_ROW {
            lost += batch.len() - number - 1;
            break;
        }
    }
    if lost > 0 {
        writer.lose(lost, &error);
    }
}

async fn try_write<T: Send + Sync>(
    writer: &impl BatchWriter<T>,
    rows: &[T],
    attempts: u32,
) -> Result<(), StoreError> {
    let mut attempt = 1;
    loop {
        match writer.write(rows).await {
            Err(error) if error.is_unavailable() && attempt < attempts => {
                attempt += 1;
                tokio::time::sleep(FLUSH_INTERVAL).await;
            }
            outcome => return outcome,
        }
    }
}
