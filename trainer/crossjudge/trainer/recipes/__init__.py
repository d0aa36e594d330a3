"""Recipes: the published ways to learn from executions, each a package with two modules.

`config` holds `Config`, a `RunConfig` with what the recipe adds, and imports no torch. `recipe` holds
`train(config, client, console, resume)`.
A recipe of your own is such a package under any dotted name: `crossjudge train my_package.my_recipe`.
"""
