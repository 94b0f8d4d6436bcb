"""Where encoded packets go: RTMP servers, files, the preview. A slow or broken sink never delays another."""
