"""Where the chat comes from: sources of events, each as its platform tells them. They decide nothing, show nothing."""
