"""Sharpness-aware minimization around a torch optimizer, in the form that is widely used."""

import torch


class SAM:
    """Foret et al. (2021): the base optimizer's step, with the gradient taken at w + epsilon."""

    def __init__(self, base: torch.optim.Optimizer, rho: float):
        self.base, self.rho = base, rho
        self.parameters = [p for group in base.param_groups for p in group["params"]]

    @torch.no_grad()
    def ascend(self) -> None:
        """Go from w to w + rho g / ||g||."""
        norm = torch.stack([p.grad.norm() for p in self.parameters]).norm()
        self.epsilon = [self.rho * p.grad / (norm + 1e-12) for p in self.parameters]
        for p, epsilon in zip(self.parameters, self.epsilon, strict=True):
            p.add_(epsilon)
        self.base.zero_grad()

    @torch.no_grad()
    def descend(self) -> None:
        """Go back to w and take the base optimizer's step."""
        for p, epsilon in zip(self.parameters, self.epsilon, strict=True):
            p.sub_(epsilon)
        self.base.step()
