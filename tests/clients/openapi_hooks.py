"""What schemathesis cannot know by itself: how a part of an upload is written."""

import schemathesis


@schemathesis.serializer("application/offset+octet-stream")
def part(_context, value):
    return value if isinstance(value, bytes) else str(value).encode()
