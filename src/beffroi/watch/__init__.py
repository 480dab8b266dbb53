"""Live and replay out, to the console. Shows nothing without a lease.

`live.LiveView` and `replay.ReplayView` run one view each over any transport that offers `ports.Sink`; everything they
send passes through one `outlet.Outlet`, which checks the lease before each single message.
"""
