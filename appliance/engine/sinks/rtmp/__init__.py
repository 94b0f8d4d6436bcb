"""Our own RTMP and RTMPS publisher: deadlines on everything, backlog in view, certificates verified, reasons surfaced."""
