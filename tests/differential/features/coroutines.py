"""Coroutines, asynchronous generators and context managers."""

from differential.feature import feature

FEATURES = [
    feature(
        """
        import asyncio

        async def fetch(x, delay=0):
            await asyncio.sleep(delay)
            if x is None:
                raise ValueError("nothing")
            return [x] * $small

        async def gather(xs):
            return await asyncio.gather(*(fetch(x) for x in xs))

        async def stream(n):
            for i in range(n):
                yield i * $int

        async def using(callback, x):
            return await callback(x)

        class Session:
            def __init__(self):
                self.state = "new"

            async def __aenter__(self):
                self.state = "open"
                return self

            async def __aexit__(self, *args):
                self.state = "closed"

            async def get(self, x):
                return self.state, x
        """,
        """
        import asyncio
        asyncio.run(fetch($any))

        import asyncio
        asyncio.run(fetch(None))

        import asyncio
        asyncio.run(gather($ints))

        import asyncio
        async def main():
            return await fetch($int) + await fetch(1)
        asyncio.run(main())

        import asyncio
        async def main():
            return [x async for x in stream($small)]
        asyncio.run(main())

        import asyncio
        async def main():
            async with Session() as session:
                got = await session.get($any)
            return got, session.state
        asyncio.run(main())

        import asyncio
        async def double(x):
            await asyncio.sleep(0)
            return x * 2
        asyncio.run(using(double, $int))

        import asyncio
        async def main():
            return await asyncio.gather(fetch(1), fetch($int))
        asyncio.run(main())

        import asyncio
        async def main():
            try:
                await fetch(None)
            except ValueError as error:
                return str(error)
        asyncio.run(main())

        import asyncio
        async def main():
            return await asyncio.wait_for(fetch($int), 5)
        asyncio.run(main())

        import inspect
        inspect.iscoroutinefunction(fetch), inspect.isasyncgenfunction(stream)
        """,
    ),
]
