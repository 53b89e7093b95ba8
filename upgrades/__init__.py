"""ocpdash: governed upgrades of OceanBase clusters through OCP."""
