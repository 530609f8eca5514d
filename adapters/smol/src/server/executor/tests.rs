use super::*;
use std::rc::Rc;

#[test]
fn tasks_run_in_turn_and_may_be_woken_from_another_thread() {
    let executor = Rc::new(Executor::default());
    let (send, receive) = async_channel::unbounded();
    let seen = Rc::new(RefCell::new(Vec::new()));
    let (reader, log) = (executor.clone(), seen.clone());
    let reading = executor.spawn(async move {
        while let Ok(number) = receive.recv().await {
            log.borrow_mut().push(number);
            future::yield_now().await;
        }
        reader.end();
    });
    let sending = std::thread::spawn(move || {
        for number in 0..100 {
            send.send_blocking(number).unwrap();
        }
    });
    future::block_on(executor.run(drop));
    sending.join().unwrap();
    reading.detach();
    assert_eq!(*seen.borrow(), (0..100).collect::<Vec<_>>());
}

#[test]
fn a_task_that_panics_is_told_of_and_ends_alone() {
    let executor = Rc::new(Executor::default());
    executor.spawn(async { panic!("as asked for") }).detach();
    let other = executor.clone();
    executor.spawn(async move { other.end() }).detach();
    let told = Cell::new(None);
    future::block_on(executor.run(|payload| told.set(payload.downcast_ref().copied())));
    assert_eq!(told.get(), Some("as asked for"));
}

#[test]
fn a_cancelled_task_is_dropped_on_its_own_thread() {
    let executor = Executor::default();
    let held = Rc::new(());
    let holder = held.clone();
    let task = executor.spawn(async move {
        let _holder = holder;
        future::pending::<()>().await;
    });
    executor.run_woken(&Context::from_waker(Waker::noop()), &drop);
    drop(task);
    executor.drop_woken();
    assert_eq!(Rc::strong_count(&held), 1);
}
