"""Pictures of networks: what is drawn, where it stands, and how it is written down (SVG, Mermaid)."""
