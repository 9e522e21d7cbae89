"""What Matplotlib writes as SVG, made small, named for who cannot see it, and fit to stand in a page.

It is read and written as XML, so that text in it stays text whatever it says.
"""

import re
from collections.abc import Iterator, Mapping
from xml.etree import ElementTree

_SVG, _XLINK = "http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"
_FONT = "'DejaVu Sans', Verdana, sans-serif"  # what text was measured in, and what is as wide
_FAMILY = re.compile(r"font-family: [^;]*;? ?")
_REFERENCE = re.compile(r"url\(#([^)]+)\)")
_DECIMALS = re.compile(r"(\d+\.\d\d)\d+")
_COLOUR = re.compile(r"#[0-9a-f]{6}\b")
_NO_ROTATION = re.compile(r"rotate\(-?0( [^)]*)?\)")


def cleaned(text: str, title: str, words: str) -> str:
    """An SVG file without what no reader needs, with a title and a description.

    Parameters
    ----------
    text : str
        As Matplotlib writes it.
    title, words : str

    Returns
    -------
    str
        SVG of its own, which says nothing of dates, programs or places elsewhere.
    """
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(text)
    for parent in list(root.iter()):
        for child in list(parent):
            if child.tag in (f"{{{_SVG}}}metadata", f"{{{_SVG}}}style"):
                parent.remove(child)
    for element in root.iter():
        _shorten(element)
    named = {name for element in root.iter() for name in _references(element)}
    for element in root.iter():
        if element.get("id") not in named:
            element.attrib.pop("id", None)
    root.attrib |= {"stroke-linejoin": "round", "stroke-linecap": "butt"}  # of the style, which was removed
    root.attrib |= {"role": "img", "font-family": _FONT}
    for place, (tag, said) in enumerate((("title", title), ("desc", words))):
        element = ElementTree.Element(f"{{{_SVG}}}{tag}", {"id": tag})
        element.text = said
        root.insert(place, element)
    root.attrib |= {"aria-labelledby": "title", "aria-describedby": "desc"}
    return ElementTree.tostring(root, encoding="unicode")


def inlined(text: str, prefix: str, variables: Mapping[str, str]) -> str:
    """A `cleaned` SVG as a part of a page.

    Parameters
    ----------
    text : str
    prefix : str
        Of all its ids, so that no two pictures share one.
    variables : mapping of str to str
        The names of CSS variables, by the colours (#rrggbb) that they stand for.

    Returns
    -------
    str
    """
    ElementTree.register_namespace("", _SVG)
    root = ElementTree.fromstring(text)
    for key in ("width", "height", "version"):
        root.attrib.pop(key, None)
    for element in root.iter():
        for key, value in list(element.attrib.items()):
            if key in ("id", "aria-labelledby", "aria-describedby"):
                element.set(key, f"{prefix}-{value}")
            elif key == "href" and value.startswith("#"):
                element.set(key, f"#{prefix}-{value[1:]}")
            else:
                value = _REFERENCE.sub(rf"url(#{prefix}-\1)", value)
                element.set(key, _COLOUR.sub(lambda found: _variable(found[0], variables), value))
    return ElementTree.tostring(root, encoding="unicode")


def _variable(colour: str, variables: Mapping[str, str]) -> str:
    return f"var(--{variables[colour]}, {colour})" if colour in variables else colour


def _shorten(element: ElementTree.Element) -> None:
    for key, value in list(element.attrib.items()):
        if key.startswith(f"{{{_XLINK}}}"):
            del element.attrib[key]
            key = key.removeprefix(f"{{{_XLINK}}}")
        if key == "style":
            value = _FAMILY.sub("", value)
        if key != "href":
            value = _DECIMALS.sub(r"\1", value)
        if key == "transform":
            value = _NO_ROTATION.sub("", value)
        if value := " ".join(value.split()):
            element.set(key, value)
        else:
            del element.attrib[key]
    if element.text is not None and not element.text.strip():
        element.text = None
    element.tail = None


def _references(element: ElementTree.Element) -> Iterator[str]:
    """The ids that an element refers to."""
    for key, value in element.attrib.items():
        if key == "href" and value.startswith("#"):
            yield value[1:]
        yield from _REFERENCE.findall(value)
