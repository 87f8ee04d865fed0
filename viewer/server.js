// Where there are no elements: a server that renders a page may import the package, and renders the tag alone.

export class GirasolSpin {}
