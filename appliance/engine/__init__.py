"""The engine: V4L2, ALSA, the canvas, encoders, recordings and RTMP going out.

Threads, no asyncio, no listening network socket.
"""
