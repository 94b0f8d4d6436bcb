"""Our own RTMP(S) publisher: deadlines on everything, backlog in view, certificates verified, reasons told."""
