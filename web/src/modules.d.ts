declare module "virtual:labels" {
  type Label = { id: string; en: string };
  const labels: Record<"Ability" | "Role" | "Sensitivity", Record<string, Label>>;
  export default labels;
}
