//! The process as the system counts it, under the names that every client library of Prometheus gives these figures.

use super::Page;

/// Memory, CPU time and open files. Where the system does not tell, the figures are left out.
#[cfg(target_os = "linux")]
pub(super) fn read(page: &mut Page) {
    let Ok(process) = procfs::process::Process::myself() else { return };
    if let Ok(stat) = process.stat() {
        let ticks = procfs::ticks_per_second() as f64;
        page.add("process_cpu_seconds_total", &[], (stat.utime + stat.stime) as f64 / ticks);
        page.add("process_resident_memory_bytes", &[], (stat.rss * procfs::page_size()) as f64);
        page.add("process_virtual_memory_bytes", &[], stat.vsize as f64);
        page.add("process_threads", &[], stat.num_threads as f64);
        if let Ok(booted) = procfs::boot_time_secs() {
            page.add("process_start_time_seconds", &[], booted as f64 + stat.starttime as f64 / ticks);
        }
    }
    if let Ok(open) = process.fd_count() {
        page.add("process_open_fds", &[], open as f64);
    }
    if let Ok(limits) = process.limits()
        && let procfs::process::LimitValue::Value(most) = limits.max_open_files.soft_limit
    {
        page.add("process_max_fds", &[], most as f64);
    }
}

/// Other systems tell their CPU time alone.
#[cfg(not(target_os = "linux"))]
pub(super) fn read(page: &mut Page) {
    use nix::sys::{
        resource::{UsageWho, getrusage},
        time::TimeVal,
    };
    let seconds = |time: TimeVal| time.tv_sec() as f64 + time.tv_usec() as f64 / 1e6;
    if let Ok(usage) = getrusage(UsageWho::RUSAGE_SELF) {
        page.add("process_cpu_seconds_total", &[], seconds(usage.user_time()) + seconds(usage.system_time()));
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[test]
    fn the_process_knows_its_memory_and_files() {
        let mut page = Page::default();
        read(&mut page);
        let text = page.text();
        let value = |name: &str| -> f64 {
            let line =
                text.lines().find_map(|line| line.strip_prefix(name)).unwrap_or_else(|| panic!("{name}"));
            line.trim().parse().unwrap()
        };
        let resident = value("process_resident_memory_bytes ");
        assert!(resident > 1e6 && resident < value("process_virtual_memory_bytes "), "{text}");
        assert!(value("process_open_fds ") >= 3.0 && value("process_open_fds ") <= value("process_max_fds "));
        assert!(value("process_start_time_seconds ") > 1e9);
        assert!(value("process_threads ") >= 1.0);
    }
}
