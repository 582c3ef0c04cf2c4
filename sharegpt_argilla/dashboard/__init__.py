"""The dashboard: pages that show what workflows compute. The only importer of Streamlit."""
