"""Pictures of computations: a graph becomes a picture as data, and this becomes text in one of three languages.

`parts` finds the modules that Values belong to, `groups` what is drawn as one, `summary` what is said of it; `scene`
makes a picture of this, which is `data`. `dot`, `mermaid` and `outline` write it down, in the colours of the `palette`.
"""
