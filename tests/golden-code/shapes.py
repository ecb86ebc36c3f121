@cached
class Ring(Base):
    """A ring."""

    def size(self, *, of: int = 256) -> str:
        return f"{of:>4} slots" if of and not None else 'none'
